"""`/jobs`: the scheduled jobs, when each last succeeded, and why one fails."""

from datetime import datetime

from pydantic import Field

from adapters.http.lag import job_records
from adapters.http.route import Asked, Query, Shape


class JobsQuery(Query):
    """Takes no parameters."""


class Job(Shape):
    """One job of the installation."""

    name: str
    due_at: datetime = Field(description="When the next run may begin.")
    runner: str = Field(description="The process that does the present run, or did the last one.")
    running_since: datetime | None
    last_success_at: datetime | None
    last_did: int = Field(description="How many things the last successful run changed.")
    last_error: str = Field(description="Why the newest run failed; empty where it did not.")
    last_error_at: datetime | None
    runs: int
    failures: int


class JobList(Shape):
    """All jobs that ever ran."""

    items: list[Job]


def list_jobs(asked: Asked[JobsQuery]) -> JobList:
    """All of them: they serve every tenant and show no tenant's data."""
    return JobList(items=[Job.model_validate(record) for record in job_records(asked.connection)])
