"""hematovision: the command line. Every command is a few lines over the library; heavy imports wait until needed."""

from hematovision.cli.adapting import adapt
from hematovision.cli.answering import bundle, classify, count, examples, serve
from hematovision.cli.batching import batch, batches
from hematovision.cli.deploying import certificate, nginx
from hematovision.cli.learning import evaluate, manifest, promote, train
from hematovision.cli.main import main
from hematovision.cli.records import records
from hematovision.cli.users import users

for command in (
    serve, classify, count, batch, batches, records, users, nginx, certificate,
    train, evaluate, adapt, promote, manifest, examples, bundle,
):  # fmt: skip
    main.add_command(command)

__all__ = ["main"]
