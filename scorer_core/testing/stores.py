"""What every store of run files must do: subclass the suite, give it a fixture `location`, run it with pytest.

    class TestMyStore(RunStoreContract):
        @pytest.fixture
        def location(self) -> str:
            return "s3://a-bucket/for-this-test-alone"

The location is new and empty for each test, and the store's entry point is installed.
"""

from __future__ import annotations

import threading
import time

import pytest

from scorer_core.run.folder import RunFiles
from scorer_core.run.store import RunStore, below, open_store

CONTENTS = (b"", b"\0\xff\r\n", "ü → \u2028".encode(), bytes(range(256)) * 5000)
CLOCK_SLACK_S = 60.0


class RunStoreContract:
    """The contract of `RunStore`; each test is given the store of an empty location."""

    @pytest.fixture
    def store(self, location: str) -> RunStore:
        """Open the store under test."""
        return open_store(location)

    def test_it_tells_its_location(self, store: RunStore, location: str) -> None:
        """The ledger keeps what `location` says, and opens it again."""
        assert store.location == location

    @pytest.mark.parametrize("content", CONTENTS)
    def test_a_file_is_read_back_as_it_was_written(self, store: RunStore, location: str, content: bytes) -> None:
        """By this object and by one that another process would open."""
        store.write("file", content)

        assert store.read("file") == content
        assert open_store(location).read("file") == content

    def test_what_is_not_there_is_not_there(self, store: RunStore) -> None:
        """Also where the location itself was never written to."""
        assert not store.exists("file")
        assert store.entries() == {}
        with pytest.raises(FileNotFoundError):
            store.read("file")

    def test_a_file_exists_from_its_first_write_on_and_is_replaced_by_the_next(self, store: RunStore) -> None:
        """A shorter content leaves nothing of a longer one."""
        store.write("file", b"long content")
        assert store.exists("file")

        store.write("file", b"short")

        assert store.read("file") == b"short"
        assert set(store.entries()) == {"file"}

    def test_a_reader_sees_the_old_content_or_the_new_and_never_a_part(self, store: RunStore, location: str) -> None:
        """While another thread, with a store of its own, writes."""
        contents = [bytes([letter]) * 300_000 for letter in b"ab"]
        store.write("file", contents[0])

        def write() -> None:
            own = open_store(location)
            for turn in range(10):
                own.write("file", contents[turn % 2])

        writer = threading.Thread(target=write)
        writer.start()
        seen = [store.read("file")]
        while writer.is_alive():
            seen.append(store.read("file"))
        writer.join()
        assert set(seen) <= set(contents)

    def test_a_file_is_created_by_one_of_several_and_stays_as_that_one_wrote_it(
        self, store: RunStore, location: str
    ) -> None:
        """Each with a store of its own, as tasks on several machines."""
        start, made = threading.Barrier(4), dict[int, bool]()

        def create(number: int) -> None:
            own = open_store(location)
            start.wait()
            made[number] = own.create("once", str(number).encode())

        threads = [threading.Thread(target=create, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        (first,) = [number for number, did in made.items() if did]
        assert len(made) == len(threads)
        assert store.read("once") == str(first).encode()
        assert store.create("once", b"again") is False
        store.remove("once")
        assert store.create("once", b"again") is True
        assert set(store.entries()) == {"once"}

    @pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/file", "../file"])
    def test_a_name_that_leads_elsewhere_is_refused(self, store: RunStore, name: str) -> None:
        """By every method that takes one."""
        with pytest.raises(ValueError, match="plain name"):
            store.write(name, b"content")
        with pytest.raises(ValueError, match="plain name"):
            store.create(name, b"content")
        for method in (store.read, store.exists, store.remove, store.where):
            with pytest.raises(ValueError, match="plain name"):
                method(name)

    def test_where_a_file_is_names_the_location_and_the_file(self, store: RunStore, location: str) -> None:
        """For people: in errors and reports."""
        assert store.where("file").startswith(location)
        assert "file" in store.where("file")

    def test_hidden_files_are_read_and_not_listed(self, store: RunStore) -> None:
        """Such as the script that all reports share."""
        store.write(".hidden", b"content")

        assert store.read(".hidden") == b"content"
        assert store.entries() == {}

    def test_runs_are_entries_of_the_location_above_them_with_the_age_of_their_last_change(
        self, store: RunStore, location: str
    ) -> None:
        """The retention goes by it."""
        before = time.time()
        RunFiles.of(location, "run-1").verdict.write_json({})
        RunFiles.of(location, "run-2").verdict.write_json({})

        entries = store.entries()

        assert set(entries) == {"run-1", "run-2"}
        assert all(before - CLOCK_SLACK_S < changed < time.time() + CLOCK_SLACK_S for changed in entries.values())

    def test_a_run_is_removed_with_its_files_and_no_other(self, store: RunStore, location: str) -> None:
        """Removing it again, or what never was, is no error."""
        for run_id in ("run-1", "run-10"):
            files = RunFiles.of(location, run_id)
            files.verdict.write_json({})
            files.trials.write_json_lines([])

        store.remove("run-1")
        store.remove("run-1")
        store.remove("never")

        assert set(store.entries()) == {"run-10"}
        assert not RunFiles.of(location, "run-1").verdict.exists()
        assert RunFiles.of(location, "run-10").verdict.read_json() == {}

    def test_a_file_is_removed_alone(self, store: RunStore) -> None:
        """Its neighbours stay."""
        store.write("one", b"1")
        store.write("other", b"2")

        store.remove("one")

        assert (store.exists("one"), store.read("other")) == (False, b"2")

    def test_what_runs_share_is_above_them(self, store: RunStore, location: str) -> None:
        """`RunFiles.beside` writes where each run of the location finds it."""
        RunFiles.of(location, "run-1").beside("shared").write_bytes(b"once")

        assert RunFiles.of(location, "run-2").beside("shared").read_bytes() == store.read("shared") == b"once"
        assert below(location, "run-1") == RunFiles.of(location, "run-1").location
