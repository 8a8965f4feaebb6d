"""`zeus jobs`: the scheduled jobs, when each last succeeded, and why one fails."""

from datetime import datetime

from adapters.http.lag import job_records
from application import clock
from application.jobs import JobRecord
from entrypoints.commands.opening import AsJson, console, errors, print_json
from entrypoints.commands.reading import clean, read_models, show_table, time_text
from entrypoints.settings import Settings


def jobs(as_json: AsJson = False) -> None:
    """Show the scheduled jobs: when each last succeeded, what it did, and why it fails.

    Example: `zeus jobs`

    Example: `zeus jobs --json`
    """
    with read_models(Settings()) as connection:
        records = job_records(connection)
    if as_json:
        print_json({"jobs": records})
        return
    show_table(
        ("Job", "State", "Last success", "Did", "Due", "Runs", "Failures"),
        [_cells(record, clock.now()) for record in records],
        right=("Did", "Runs", "Failures"),
    )
    for record in records:
        if record.last_error:
            console.print(f"✖ {record.name}: {clean(record.last_error)}", markup=False)
    if not records:
        errors.print("No job ever ran: start `zeus serve`.")


def _cells(record: JobRecord, now: datetime) -> tuple[str, ...]:
    state = "failing" if record.last_error else "running" if record.running_since else "waiting"
    succeeded = time_text(record.last_success_at, now) if record.last_success_at else "never"
    figures = (str(record.last_did), time_text(record.due_at, now), str(record.runs), str(record.failures))
    return record.name, state, succeeded, *figures
