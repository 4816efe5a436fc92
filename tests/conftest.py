"""A commune's office put together as the service does it (Phúc Lợi's, if not said), and a throw-away PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, make_url, text

from dinhky import bootstrap
from dinhky.domain.assignment import Assignment, State
from dinhky.intake.receive import Receipt, receive
from dinhky.rounds.lookup import round_of
from dinhky.rounds.opening import open_round
from dinhky.rounds.ports import Office
from dinhky.service.private_postgresql import is_installed, private_postgresql
from dinhky.workbook.sample import fill

REPOSITORY = Path(__file__).parents[1]
SAMPLE = REPOSITORY / "include" / "data" / "samples" / "phuc-loi-2026-Q1.yaml"
PLAN = "phuc-loi-2026"
FIRST_QUARTER = f"{PLAN}/PL-5/2026-Q1"
OPENS = datetime.fromisoformat("2026-03-05T07:30+07:00")
SECRET = "the same in every home, so that workbooks may travel"

settings.register_profile("shares its machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shares its machine")  # with tests that run beside: how long an example takes says nothing


@dataclass(frozen=True)
class Sending:
    """One file that the sample says a unit sends, and when."""

    unit: str
    at: datetime
    data: bytes


@dataclass(frozen=True)
class Commune:
    """An office over a folder of its own. `sample` is what each unit sends in the first quarter, in order."""

    office: Office
    home: Path
    sample: dict[str, list[Sending]]
    secret = SECRET

    def receive(self, unit: str, data: bytes, now: datetime) -> Receipt:
        return receive(self.office, data, file_name="biểu số liệu.xlsx", unit_code=unit, now=now, route="test")

    def answer(self, unit: str, now: datetime | None = None) -> Receipt:
        """The unit sends its good workbook."""
        good = self.sample[unit][-1]
        return self.receive(unit, good.data, now or good.at)

    def open(self, *round_ids: str) -> None:
        """Open rounds, each at the moment at which it opens."""
        for round_id in round_ids:
            open_round(self.office, round_id, round_of(self.office, round_id)[1].opens)

    def send(self, round_id: str, unit: str, now: datetime, /, **rows: Sequence[Mapping[str, Any]]) -> Receipt:
        """The unit fills in its workbook of a round, sheet by sheet, and sends it."""
        plan, round_ = round_of(self.office, round_id)
        return self.receive(unit, fill(self.office.workbooks.build(plan, round_, plan.unit(unit)), rows), now)

    def assignment(self, unit: str, round_id: str = FIRST_QUARTER) -> Assignment:
        with self.office.ledger.snapshot() as ledger:
            found = ledger.assignment(round_id, unit)
        assert found is not None
        return found

    def waive(self, unit: str, round_id: str, now: datetime) -> None:
        """Somebody decides that nothing is expected of the unit in this round."""
        with self.office.ledger.transaction() as ledger:
            ledger.move(round_id, unit, State.WAIVED, at=now, actor="vhxh", reason="Đang sắp xếp lại")

    def messages(self, *kinds: str) -> list[dict]:
        """The outbox rows of these kinds (all, without any), oldest first."""
        with self.office.ledger.snapshot() as ledger:
            return [row for row in ledger.messages() if not kinds or row["kind"] in kinds]

    def events(self, round_id: str = FIRST_QUARTER) -> list[dict]:
        with self.office.ledger.snapshot() as ledger:
            return ledger.events(round_id)

    def using(self, **parts: object) -> Commune:
        """The same commune with other parts in its office."""
        return replace(self, office=replace(self.office, **parts))


def office_in(home: Path, ledger_url: str = "", plan: str = PLAN) -> Office:
    """The office of a folder, with one plan alone; its ledger is still to be migrated if it is new."""
    settings = {"DINHKY_HOME": str(home), "DINHKY_LEDGER": ledger_url, "DINHKY_SECRET": SECRET}
    office = bootstrap.office(bootstrap.settings(settings))
    return replace(office, plans={plan: office.plans[plan]})


@pytest.fixture(scope="session")
def secret() -> str:
    """What the sample's workbooks are signed with."""
    return SECRET


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Sending]]:
    """The sample quarter as the units' own workbooks, typed in."""
    office = office_in(tmp_path_factory.mktemp("sample"))
    plan, round_ = round_of(office, FIRST_QUARTER)
    units = yaml.safe_load(SAMPLE.read_text("utf-8"))["units"]
    empty = {unit: office.workbooks.build(plan, round_, plan.unit(unit)) for unit in units}
    return {
        unit: [Sending(unit, datetime.fromisoformat(one["at"]), fill(empty[unit], one["rows"])) for one in sendings]
        for unit, sendings in units.items()
    }


@pytest.fixture(scope="session")
def opened_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose first quarter has just opened: to be copied, not used."""
    home = tmp_path_factory.mktemp("opened")
    office = office_in(home)
    office.ledger.migrate()
    open_round(office, FIRST_QUARTER, OPENS)
    return home


@pytest.fixture
def new_commune(tmp_path: Path, sample: dict[str, list[Sending]]) -> Commune:
    """A commune that has not opened anything yet."""
    office = office_in(tmp_path / "home")
    office.ledger.migrate()
    return Commune(office, tmp_path / "home", sample)


@pytest.fixture
def commune_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Commune]:
    """Makes the commune of a plan, which has not opened anything yet and of which there is no sample."""

    def make(plan: str) -> Commune:
        home = tmp_path_factory.mktemp("commune") / "home"
        office = office_in(home, plan=plan)
        office.ledger.migrate()
        return Commune(office, home, {})

    return make


@pytest.fixture
def another_commune(
    tmp_path_factory: pytest.TempPathFactory, opened_home: Path, sample: dict[str, list[Sending]]
) -> Callable[[], Commune]:
    """Makes communes whose first quarter has just opened, each in its own folder."""

    def make() -> Commune:
        home = tmp_path_factory.mktemp("commune") / "home"
        shutil.copytree(opened_home, home)
        return Commune(office_in(home), home, sample)

    return make


@pytest.fixture
def commune(another_commune: Callable[[], Commune]) -> Commune:
    """A commune whose first quarter has just opened."""
    return another_commune()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a throw-away PostgreSQL."""
    if not is_installed():
        if os.environ.get("CI"):
            pytest.fail("CI needs PostgreSQL: apt-get install postgresql")
        pytest.skip("no PostgreSQL on this machine")
    with private_postgresql() as url:
        yield url


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    name = f"test_{uuid4().hex}"
    engine = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty ledger, on each of the two databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return request.getfixturevalue("postgresql")
