"""Every failure that HematoVision names, each with a stable code and the HTTP status it means.

    HematoVisionError
    ├── PictureRefused              400  picture_refused          (cannot be answered; the sentence says what to send)
    │   ├── PictureMissing          400  picture_missing
    │   ├── PicturesSeveral         400  pictures_several
    │   ├── PictureEmpty            400  picture_empty
    │   ├── PictureTooLarge         413  picture_too_large        (bytes)
    │   ├── PictureFormatRefused    415  picture_format_refused
    │   ├── MediaTypeRefused        415  media_type_refused       (of the request)
    │   ├── PictureBroken           422  picture_broken
    │   ├── PictureFramesRefused    422  picture_several_frames
    │   ├── PictureTooManyPixels    422  picture_too_many_pixels
    │   └── PictureTooSmall         422  picture_too_small
    ├── ModelUnavailable            503  model_unavailable        (no verified model: no class, ever)
    │   └── BundleRefused           503  bundle_refused
    ├── QueueFull                   503  queue_full               (as many pictures wait for the model as may)
    ├── DeadlinePassed              503  deadline_passed
    ├── Stopping                    503  stopping                 (the process was told to stop)
    ├── BodyTooSlow                 408  body_too_slow            (the request did not arrive in time)
    ├── ClientGone                  400  client_gone              (hung up while waiting)
    ├── BatchUnavailable            503  batch_unavailable        (not installed, or no cluster)
    ├── SourceRefused               422  source_refused           (a folder, archive or address without pictures)
    ├── ResultRefused               409  result_refused           (in use, damaged, or of another run)
    │   └── ResultInUse             409  result_in_use
    ├── BatchUnknown                404  batch_unknown            (never sent, cancelled, or its days are over)
    ├── BatchUnfinished             409  batch_unfinished         (its result is not there yet, or never will be)
    ├── ArchiveTooLarge             413  archive_too_large        (bytes)
    ├── MemberRefused               422  member_refused           (of an archive: a link, or a name leading out)
    ├── PictureUnread               422  picture_unread           (a file that cannot be read)
    ├── WorkerEnded                 500  worker_ended             (a picture that ends its worker process)
    ├── StorageFull                 507  storage_full             (the disk is full)
    ├── SettingRefused              500  setting_refused
    ├── LabelsRefused               422  labels_refused           (a folder of labelled pictures that cannot be used)
    ├── BodyRefused                 422  body_refused             (JSON that is not what the endpoint takes)
    │   ├── CellsRefused            422  cells_refused            (cells that cannot be counted)
    │   ├── JsonBroken              400  json_broken
    │   └── JsonTooLarge            413  json_too_large           (bytes)
    ├── ExamplesUnavailable         503  examples_unavailable
    ├── RecordsUnavailable          503  records_unavailable      (the database is away)
    │   └── SchemaRefused           503  schema_refused           (the database is of another version)
    ├── RecordsOff                  404  records_off              (nothing is recorded here, by a setting)
    ├── PredictionUnknown           404  prediction_unknown
    ├── WorkUnknown                 404  work_unknown             (a piece of work that keeps no pictures)
    ├── QueryRefused                400  query_refused            (asks for what there is not)
    ├── RecordsRefused              422  records_refused          (a backup or an export that cannot be used)
    ├── ChainBroken                 500  chain_broken             (the audit is not as it was written)
    ├── LoginRequired               401  login_required           (nobody is logged in, or no longer)
    │   ├── LoginRefused            401  login_refused            (name and password do not match)
    │   └── TokenRefused            401  token_refused            (unknown, revoked or expired)
    ├── LoginThrottled              429  login_throttled
    ├── QuotaSpent                  429  quota_spent              (a token's requests of this hour)
    ├── AccessRefused               403  access_refused           (not in this role)
    │   ├── NotOpen                 403  not_open                 (without login: not from this machine, or forwarded)
    │   ├── CsrfRefused             403  csrf_refused             (a change by cookie that the page did not ask for)
    │   └── SessionNeeded           403  session_needed           (what a token may not do)
    ├── LoginOff                    404  login_off                (there are no users here, by a setting)
    ├── UserUnknown                 404  user_unknown
    ├── TokenUnknown                404  token_unknown
    ├── NameTaken                   409  name_taken
    ├── LastAdmin                   409  last_admin               (somebody must be able to manage users)
    └── AccountRefused              422  account_refused          (a name, a role or a password that is none)

`str(error)` is one or two sentences for a person: what is wrong and what to do next.
"""

from __future__ import annotations

from hematovision.errors.access import (
    AccessRefused,
    AccountRefused,
    CsrfRefused,
    LastAdmin,
    LoginOff,
    LoginRefused,
    LoginRequired,
    LoginThrottled,
    NameTaken,
    NotOpen,
    QuotaSpent,
    SessionNeeded,
    TokenRefused,
    TokenUnknown,
    UserUnknown,
)
from hematovision.errors.batches import (
    ArchiveTooLarge,
    BatchUnavailable,
    BatchUnfinished,
    BatchUnknown,
    MemberRefused,
    PictureUnread,
    ResultInUse,
    ResultRefused,
    SourceRefused,
    WorkerEnded,
)
from hematovision.errors.pictures import (
    MediaTypeRefused,
    PictureBroken,
    PictureEmpty,
    PictureFormatRefused,
    PictureFramesRefused,
    PictureMissing,
    PictureRefused,
    PicturesSeveral,
    PictureTooLarge,
    PictureTooManyPixels,
    PictureTooSmall,
)
from hematovision.errors.records import (
    ChainBroken,
    PredictionUnknown,
    QueryRefused,
    RecordsOff,
    RecordsRefused,
    RecordsUnavailable,
    SchemaRefused,
    WorkUnknown,
)
from hematovision.errors.root import HematoVisionError
from hematovision.errors.service import (
    BodyRefused,
    BodyTooSlow,
    BundleRefused,
    CellsRefused,
    ClientGone,
    DeadlinePassed,
    ExamplesUnavailable,
    JsonBroken,
    JsonTooLarge,
    LabelsRefused,
    ModelUnavailable,
    QueueFull,
    SettingRefused,
    Stopping,
    StorageFull,
)

__all__ = [
    "AccessRefused",
    "AccountRefused",
    "ArchiveTooLarge",
    "BatchUnavailable",
    "BatchUnfinished",
    "BatchUnknown",
    "BodyRefused",
    "BodyTooSlow",
    "BundleRefused",
    "CellsRefused",
    "ChainBroken",
    "ClientGone",
    "CsrfRefused",
    "DeadlinePassed",
    "ExamplesUnavailable",
    "HematoVisionError",
    "JsonBroken",
    "JsonTooLarge",
    "LabelsRefused",
    "LastAdmin",
    "LoginOff",
    "LoginRefused",
    "LoginRequired",
    "LoginThrottled",
    "MediaTypeRefused",
    "MemberRefused",
    "ModelUnavailable",
    "NameTaken",
    "NotOpen",
    "PictureBroken",
    "PictureEmpty",
    "PictureFormatRefused",
    "PictureFramesRefused",
    "PictureMissing",
    "PictureRefused",
    "PictureTooLarge",
    "PictureTooManyPixels",
    "PictureTooSmall",
    "PictureUnread",
    "PicturesSeveral",
    "PredictionUnknown",
    "QueryRefused",
    "QueueFull",
    "QuotaSpent",
    "RecordsOff",
    "RecordsRefused",
    "RecordsUnavailable",
    "ResultInUse",
    "ResultRefused",
    "SchemaRefused",
    "SessionNeeded",
    "SettingRefused",
    "SourceRefused",
    "Stopping",
    "StorageFull",
    "TokenRefused",
    "TokenUnknown",
    "UserUnknown",
    "WorkUnknown",
    "WorkerEnded",
]
