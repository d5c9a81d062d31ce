"""The command line: files in, files out. Data goes to stdout, progress and errors to stderr.

Exit codes: 0 done · 1 a check failed · 2 bad input or usage · 3 too many rows can't be used · 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from streamline.errors import DataQualityError, OutputError, StreamlineError

if TYPE_CHECKING:
    from streamline.plan import PlanSection
    from streamline.progress import Progress
    from streamline.tracking import Tracking

app = typer.Typer(
    name="streamline",
    help="Find where an agency's cases lose time, what makes customers call, and what a change would do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

INTERRUPTED = 130

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]


def main() -> NoReturn:
    """The `streamline` command."""
    try:
        app(standalone_mode=True)
    except StreamlineError as error:
        print(f"streamline: {error}", file=sys.stderr)
        sys.exit(3 if isinstance(error, DataQualityError) else 2)
    except (KeyboardInterrupt, SystemExit) as stop:
        # typer turns an interruption into this exit code
        code = INTERRUPTED if isinstance(stop, KeyboardInterrupt) else stop.code
        if code == INTERRUPTED:
            print("streamline: interrupted; the output folder was left as it was", file=sys.stderr)
        sys.exit(code)
    sys.exit(0)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def _version(wanted: bool) -> None:
    if wanted:
        from streamline.provenance import version

        print(f"streamline {version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


@app.command()
def plan(
    study: Annotated[Path, typer.Argument(help="The study file (YAML); `streamline schema` describes it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the section; replaced as a whole.")],
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run a study and write its section: HTML, PDF, Word, Markdown, findings, tables."""
    _plan(study, output, quiet=quiet, as_json=as_json)


@app.command()
def track(
    study: Annotated[Path, typer.Argument(help="The study file; its records hold the time before and after.")],
    since: Annotated[str, typer.Option(help="Day from which the change was in force, such as 2025-08-01.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the section; replaced as a whole.")],
    scenario: Annotated[
        str | None,
        typer.Option(help="Which scenario was made; without it the signature initiative, else the only one."),
    ] = None,
    findings: Annotated[
        Path | None,
        typer.Option(help="The findings.json made before; without it the records of before give the estimate."),
    ] = None,
    transition: Annotated[
        str | None, typer.Option(help="How long after the day arrivals are left out, such as '8 weeks'.")
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """After a change: did it work? Compare the weeks after a day with what those before foretell, and with the estimate."""
    from streamline.tracking import track as tracked

    _write(
        output, quiet=quiet, as_json=as_json,
        made=lambda progress: tracked(
            study, since=since, scenario=scenario, estimate=findings, transition=transition, progress=progress
        ),
    )  # fmt: skip


@app.command()
def batch(
    studies: Annotated[list[str], typer.Argument(help="Study files, folders of them, or patterns in quotation marks.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder; each study gets a folder in it, beside the summary.")
    ],
    processes: Annotated[
        int | None, typer.Option(min=1, help="Studies that run at the same time; as many as fit without it.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Run finished studies too.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run many studies and write one summary of all; what is finished and unchanged isn't run again."""
    from streamline.many.run import batch as run
    from streamline.terminal import log_batch, log_outcome

    found = run(studies, output=output, processes=processes, again=again, progress=None if quiet else log_outcome)
    if not quiet:
        log_batch(found.counts())
    if as_json:
        _print_json(found.to_dict())
    else:
        print(f"The summary is in {found.folder / 'summary.html'}")
    if found.code:
        raise typer.Exit(found.code)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the section.")] = Path("demo-section"),
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run the sample study that ships with streamline (a generated agency)."""
    with _sample() as folder:
        _plan(folder / "study.yaml", output, quiet=quiet, as_json=as_json)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="A folder that `streamline plan` wrote.")],
    study: Annotated[
        Path | None, typer.Option(help="The study file, where it isn't in the folder or beside it.")
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Compute a section again from the records and compare every finding and file; exit code 1 if any differs."""
    from streamline.terminal import on_stderr
    from streamline.verification import verify as verified

    progress = on_stderr(quiet=quiet)
    try:
        found = verified(folder, study=study, progress=progress)
    finally:
        progress.close()
    if as_json:
        _print_json(found.to_dict())
    else:
        for line in (*found.notes, *found.differences):
            print(line)
        agree = "agree with the records" if found.agrees else "were compared"
        print(
            f"{found.n_findings:,} findings, {found.n_files:,} files and {found.n_inputs:,} inputs {agree}; "
            f"{len(found.differences):,} differences."
        )
    if not found.agrees:
        raise typer.Exit(1)


@app.command()
def refresh(
    document: Annotated[Path, typer.Argument(help="A Word document that holds findings in tagged content controls.")],
    findings: Annotated[Path, typer.Argument(help="The newer findings.json.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write; in place without.")] = None,
    as_json: AsJson = False,
) -> None:
    """Renew the numbers in a Word document from newer findings, and list what changed."""
    from streamline.findings import read_findings
    from streamline.renewal import refresh as renewed

    newer = read_findings(findings)
    found = renewed(document, newer, output=output)
    if as_json:
        _print_json(found.to_dict())
    else:
        print(f"Findings: {newer.source.words()}.")
        print(found.words())
    if found.found_none:
        raise typer.Exit(1)


@app.command()
def inspect(
    log: Annotated[
        str, typer.Argument(help="CSV, TSV, Parquet or XES, also packed with gzip; or a database's address.")
    ],
    case: Annotated[str | None, typer.Option(help="Column with the id of the case.")] = None,
    activity: Annotated[str | None, typer.Option(help="Column with the activity.")] = None,
    complete: Annotated[str | None, typer.Option(help="Column with the completion time.")] = None,
    start: Annotated[str | None, typer.Option(help="Column with the start time.")] = None,
    resource: Annotated[str | None, typer.Option(help="Column with who did it.")] = None,
    channel: Annotated[str | None, typer.Option(help="Column with the channel.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Zone of times without an offset.")] = None,
    date_format: Annotated[str | None, typer.Option(help="Form of the dates, such as %d/%m/%Y.")] = None,
    end: Annotated[list[str] | None, typer.Option(help="An activity that ends a case; may be repeated.")] = None,
    query: Annotated[str | None, typer.Option(help="What to read of a database.")] = None,
    table: Annotated[str | None, typer.Option(help="The table to read of a database.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is in a log, how good it is, and where its time goes."""
    from streamline.inspection import inspection

    found = inspection(
        log, case=case, activity=activity, complete=complete, start=start, resource=resource, channel=channel,
        timezone=timezone, date_format=date_format, ends=end or None, query=query, table=table,
    )  # fmt: skip
    if as_json:
        _print_json(found.to_dict())
    else:
        print(found.text())


@app.command()
def schema(
    findings: Annotated[bool, typer.Option("--findings", help="The schema of findings.json instead.")] = False,
) -> None:
    """Print the JSON Schema of the study file, so that editors complete it."""
    if findings:
        from streamline.report.to_json import findings_schema

        _print_json(findings_schema())
        return
    from streamline.study import json_schema

    _print_json(json_schema())


def _plan(study: Path, output: Path, *, quiet: bool, as_json: bool) -> None:
    from streamline.plan import plan_section

    _write(output, quiet=quiet, as_json=as_json, made=lambda progress: plan_section(study, progress=progress))


def _write(output: Path, *, quiet: bool, as_json: bool, made: Callable[[Progress], PlanSection | Tracking]) -> None:
    """Make a section and write it; a folder that can't take it is refused first."""
    from streamline.output import check_folder
    from streamline.terminal import on_stderr

    check_folder(output)
    progress = on_stderr(quiet=quiet)
    try:
        section = made(progress)
    finally:
        progress.close()
    folder = section.save(output)
    if not quiet:
        for finding in section.analysis.quality.findings:
            if finding.kind in ("perhaps_ended", "perhaps_open"):  # the study can mend these
                print(f"Look at the ends of cases: {finding.statement} {finding.effect}", file=sys.stderr)
    if as_json:
        _print_json(section.document())
    else:
        print(f"The section is in {folder / 'section.html'}")
        print(f"Its {len(section.findings)} findings are in {folder / 'findings.json'}")


@contextmanager
def _sample() -> Iterator[Path]:
    """The folder of the sample study: inside an installed package, or at the top of a checkout."""
    packed = resources.files("streamline").joinpath("sample_logs")
    if packed.joinpath("study.yaml").is_file():
        with resources.as_file(packed) as folder:
            yield folder
        return
    beside = Path(__file__).resolve().parents[2] / "sample_logs"
    if not (beside / "study.yaml").is_file():
        raise OutputError("The sample study isn't there; install streamline again.")
    yield beside


if __name__ == "__main__":
    main()
