#!/bin/sh
# Draws the database's password and makes a certificate that signs itself, for docker-compose.yml; what is there stays.
# Put the laboratory's own certificate in the place of certificate.pem and certificate.key.
set -eu
folder=${1:-"$(dirname "$0")/secrets"}
mkdir -p "$folder"
chmod 700 "$folder" # on this machine; a container is given single files, which its user must be able to read
cd "$folder"
if [ ! -e database_password ]; then
    openssl rand -hex 24 >database_password
    printf 'postgresql://hematovision:%s@database/hematovision\n' "$(cat database_password)" >database_url
fi
if [ ! -e certificate.pem ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 365 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout certificate.key -out certificate.pem 2>/dev/null
fi
chmod 444 database_password database_url certificate.pem certificate.key
