"""Commands about the catalogue of data sets."""

import re
from datetime import date
from typing import Literal

from api.commands.command import Command, Drafting, Wish
from ledger.errors import Malformed
from ledger.events import DataSetFormChanged, DataSetRegistered, DataSetRetired, DataSetVersionAdded
from ledger.events.catalogue import Form

_PART = r"[A-Za-z0-9._~-]+"
# As the platform writes its keys now, and as it wrote them before: organisation, course, run.
COURSE_RUN = re.compile(rf"course-v1:{_PART}\+{_PART}\+{_PART}|{_PART}/{_PART}/{_PART}")


class RegisterDataSet(Command, frozen=True, kw_only=True):
    """A data set of a course run enters the catalogue."""

    dataset: str
    course_run: str
    kind: Literal["person-course", "tracking-log", "forum", "survey", "other"]

    def draft(self, at: Drafting) -> Wish:
        """A report. Raises `Malformed` for what is no key of a course run."""
        if not COURSE_RUN.fullmatch(self.course_run):
            why = "is no course run: it looks like course-v1:MITx+6.002x+2012_Spring, or MITx/6.002x/2012_Spring"
            raise Malformed("course run", self.course_run, why)
        return at.reports(DataSetRegistered(dataset=self.dataset, course_run=self.course_run, kind=self.kind))


class AddVersion(Command, frozen=True, kw_only=True):
    """A data set gets a version: the bytes with this SHA-256, in hex."""

    dataset: str
    label: str
    form: Form
    digest: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        return at.reports(
            DataSetVersionAdded(dataset=self.dataset, label=self.label, form=self.form, digest=self.digest)
        )


class ChangeForm(Command, frozen=True, kw_only=True):
    """Somebody found, by a method, that a version has another form than was held."""

    dataset: str
    label: str
    form: Form
    found_by: str
    found_on: date
    method: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        sealed = at.sealed(DataSetFormChanged, f"dataset:{self.dataset}", {"method": self.method})
        return at.reports(
            DataSetFormChanged(
                dataset=self.dataset,
                label=self.label,
                form=self.form,
                found_by=self.found_by,
                found_on=self.found_on,
                **sealed,
            )
        )


class Retire(Command, frozen=True, kw_only=True):
    """A data set is released no more."""

    dataset: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        return at.reports(DataSetRetired(dataset=self.dataset))
