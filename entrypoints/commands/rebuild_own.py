"""`zeus rebuild --from-file`: a read model that somebody wrote himself, built into a schema of its own."""

from pathlib import Path

import psycopg

from adapters.exports.folder import sha256_of
from entrypoints.commands.archive import open_archive, sound_archive
from entrypoints.commands.building import bar, projector
from entrypoints.commands.opening import database, errors, print_json, refuse
from entrypoints.own_models import models_in
from entrypoints.settings import Settings
from entrypoints.wiring import open_log
from projections import own_models
from projections.own_models import Built, OwnModelRefused, OwnModelStopped
from projections.rebuild import RebuildUnderway


def build_own(path: Path, from_archive: Path | None, *, as_json: bool) -> None:
    """Build every read model of the file. They get pseudonyms, and no words that people wrote."""
    try:
        built = _built(path, from_archive)
    except OwnModelRefused as error:
        raise refuse(f"{path}: {error}") from None
    except OwnModelStopped as error:
        raise refuse(f"It could not take {error}. The tables it had are as they were.") from None
    except RebuildUnderway as error:
        raise refuse(f"{error} is being built by another process: wait for it, or stop that one.") from None
    except psycopg.errors.LockNotAvailable:
        raise refuse("A long query reads its former tables, which are as they were: try again.") from None
    if as_json:
        print_json({one.name: one for one in built})
    for one in built:
        for table in one.tables:
            errors.print(
                f"{own_models.schema_of(one.name)}.{table.table}: {table.rows} rows up to {one.position}."
            )


def _built(path: Path, from_archive: Path | None) -> list[Built]:
    models, sha256 = models_in(path), sha256_of(path)
    with database(Settings()) as url, projector(url, "zeus rebuild --from-file") as connection:
        manifest = None if from_archive is None else sound_archive(from_archive)
        log = open_archive(from_archive, manifest) if from_archive and manifest else open_log(url)
        try:
            built = []
            for model in models:
                with bar(model.name) as on_progress:
                    built.append(own_models.build(connection, log, model, on_progress, file_sha256=sha256))
            return built
        finally:
            log.close()
