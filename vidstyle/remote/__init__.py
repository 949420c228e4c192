"""Inputs and outputs that lie elsewhere: `s3://`, `gs://`, `https://` and whatever else fsspec opens.

An object is copied whole into a local folder before it is opened (`stage`), and a finished file is put
whole at its address (`publish`): the pictures between them never touch the network. Loaded only where an
address is named; without the extra `vidstyle[remote]` that is one line saying so.
"""

from vidstyle.remote.addresses import is_address, local, masked, name_of
from vidstyle.remote.objects import Identity, exists, identity, is_folder, reading, root_of, walk
from vidstyle.remote.publishing import publish
from vidstyle.remote.staging import Progress, stage

__all__ = [
    "Identity",
    "Progress",
    "exists",
    "identity",
    "is_address",
    "is_folder",
    "local",
    "masked",
    "name_of",
    "publish",
    "reading",
    "root_of",
    "stage",
    "walk",
]
