#!/usr/bin/env python3
"""usage: reproducible_image.py ARCHIVE RESULT: writes a docker archive anew without what differs between two builds of the same
files: the random names of the containers that buildah used."""
import hashlib
import io
import json
import sys
import tarfile


def main():
    source, result = sys.argv[1:]
    with tarfile.open(source) as archive:
        (image,) = json.load(archive.extractfile("manifest.json"))
        config = json.load(archive.extractfile(image["Config"]))
        config.pop("container", None)
        for part in ("config", "container_config"):
            config.get(part, {}).pop("Hostname", None)
        text = json.dumps(config, sort_keys=True).encode()
        image["Config"] = hashlib.sha256(text).hexdigest() + ".json"
        with tarfile.open(result, "w", format=tarfile.USTAR_FORMAT) as out:
            for layer in image["Layers"]:
                info = tarfile.TarInfo(layer)
                info.size = archive.getmember(layer).size
                out.addfile(info, archive.extractfile(layer))
            for name, content in ((image["Config"], text), ("manifest.json", json.dumps([image]).encode())):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                out.addfile(info, io.BytesIO(content))


main()
