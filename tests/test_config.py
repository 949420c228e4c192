"""vidstyle.toml: found, read, layered under the command line, refused in one line, printed and read again."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import cli_folder
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.main import get_command

from vidstyle import cli, pipeline
from vidstyle.cli.config_file import key_of, written
from vidstyle.types import Job


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a repository in it, and nobody's vidstyle.toml."""
    monkeypatch.delenv("VIDSTYLE_CONFIG", raising=False)
    home = tmp_path / "home"
    (home / "repo" / ".git").mkdir(parents=True)
    (home / "repo" / "sub" / "deeper").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    (home / ".config" / "vidstyle").mkdir(parents=True)
    monkeypatch.chdir(home / "repo")
    return home


def write(path: Path | str, text: str) -> Path:
    path = Path(path)
    path.write_text(text, encoding="utf-8")
    return path


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """What --print-config says, read again."""
    code = cli.code(["run", "--print-config", *words])
    out, err = capsys.readouterr()
    assert (code, err) == (0, ""), err
    return tomllib.loads(out)


def origin(capsys: pytest.CaptureFixture[str], key: str, *words: str) -> str:
    assert cli.code(["run", "--print-config", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    return next(line.partition("  # ")[2] for line in lines if line.startswith(f"{key} = "))


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    code = cli.code(["run", "x.mp4", *words])
    out, err = capsys.readouterr()
    assert (code, out) == (2, ""), err
    assert err.startswith("vidstyle: ") and err.count("\n") == 1, err
    return err.removeprefix("vidstyle: ").rstrip("\n")


def test_without_a_file_the_defaults_hold(capsys: pytest.CaptureFixture[str]) -> None:
    values = printed(capsys)
    assert values["strength"] == 1.0 and values["device"] == "auto" and values["invert"] is False
    assert "crf" not in values and "style" not in values
    assert origin(capsys, "device") == "default"


def test_each_layer_covers_the_one_below(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(home / ".config/vidstyle/vidstyle.toml", "crf = 1\nfeather = 1\npreset = 'slow'\nstrength = 0.1\n")
    write("vidstyle.toml", "crf = 2\nfeather = 2\nstrength = 0.2\n[looks.night]\ncrf = 3\nfeather = 3\n")
    values = printed(capsys, "--look", "night", "--crf", "4")
    assert [values[key] for key in ("preset", "strength", "feather", "crf")] == ["slow", 0.2, 3.0, 4.0]
    words = ["--look", "night", "--crf", "4"]
    assert origin(capsys, "preset", *words).endswith(".config/vidstyle/vidstyle.toml, line 3")
    assert origin(capsys, "strength", *words) == "vidstyle.toml, line 3"
    assert origin(capsys, "feather", *words) == "vidstyle.toml, line 6, looks.night"
    assert origin(capsys, "crf", *words) == "command line"


def test_a_file_may_choose_the_look_and_the_flag_another(capsys: pytest.CaptureFixture[str]) -> None:
    write("vidstyle.toml", "look = 'night'\n[looks.night]\ncrf = 1\n[looks.'by day']\ncrf = 2\n")
    assert printed(capsys)["crf"] == 1 and printed(capsys, "--look", "by day")["crf"] == 2
    assert "look" not in printed(capsys)


def test_the_project_s_look_hides_the_user_s_of_that_name(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home / ".config/vidstyle/vidstyle.toml", "[looks.a]\ncrf = 1\nfeather = 9\n[looks.b]\ncrf = 5")
    write("vidstyle.toml", "[looks.a]\ncrf = 2\n")
    values = printed(capsys, "--look", "a")
    assert (values["crf"], values["feather"]) == (2, 2.0) and printed(capsys, "--look", "b")["crf"] == 5


def test_switches_of_a_file_can_be_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    write("vidstyle.toml", "invert = true\npreserve-color = true\n")
    values = printed(capsys, "--no-invert")
    assert values["invert"] is False and values["preserve-color"] is True


@pytest.mark.parametrize("folder", ["repo", "repo/sub", "repo/sub/deeper"])
def test_the_nearest_file_counts(
    home: Path, folder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "repo/vidstyle.toml", "crf = 1")
    write(home / "repo/sub/vidstyle.toml", "crf = 2")
    monkeypatch.chdir(home / folder)
    assert printed(capsys)["crf"] == (1 if folder == "repo" else 2)


def test_the_search_ends_with_the_repository_and_with_home(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "vidstyle.toml", "crf = 1")
    assert "crf" not in printed(capsys)  # above the repository
    (home / "clips").mkdir()
    monkeypatch.chdir(home / "clips")
    assert printed(capsys)["crf"] == 1
    (home / "vidstyle.toml").rename(home.parent / "vidstyle.toml")
    assert "crf" not in printed(capsys)  # above the home folder


def test_config_names_the_only_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("vidstyle.toml", "crf = 1\nfeather = 1")
    write("other.toml", "crf = 2")
    write("third.toml", "crf = 3")
    monkeypatch.setenv("VIDSTYLE_CONFIG", "third.toml")
    assert printed(capsys)["crf"] == 3 and printed(capsys)["feather"] == 2.0
    assert printed(capsys, "--config", "other.toml")["crf"] == 2
    assert "crf" not in printed(capsys, "--no-config")
    monkeypatch.setenv("VIDSTYLE_CONFIG", "")
    assert printed(capsys)["crf"] == 1
    assert "contradict" in refused(capsys, "--config", "other.toml", "--no-config")


def test_lists_tables_and_times(capsys: pytest.CaptureFixture[str]) -> None:
    text = "style = 'ink'\nclass = ['laptop', 'cup']\nstart = 12.5\nend = 00:01:02\n"
    write("vidstyle.toml", text + "encoder-option = {tune = 'film', bf = 2}")
    values = printed(capsys)
    assert values["style"] == ["ink"] and values["class"] == ["laptop", "cup"]
    assert (values["start"], values["end"]) == ("12.5", "00:01:02")
    assert values["encoder-option"] == ["tune=film", "bf=2"]


def test_paths_of_a_file_are_relative_to_it(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = home / "repo"
    write(repo / "mine.jpg", "")
    styles = "style = ['ink:0.3', 'mine.jpg:0.7', 'pics/a.jpg', '~/b.jpg', 'starry.jpg']"
    write("vidstyle.toml", f"{styles}\noutput = 'out/'\nmask-out = '/m.mkv'\nsegmenter = 'spotter'")
    monkeypatch.chdir("sub")
    values = printed(capsys, "--stylizer", "x/y.onnx")
    wanted = ["ink:0.3", f"{repo}/mine.jpg:0.7", f"{repo}/pics/a.jpg", f"{home}/b.jpg", "starry.jpg"]
    assert values["style"] == wanted
    assert (values["output"], values["mask-out"]) == (f"{repo}/out/", "/m.mkv")
    assert (values["segmenter"], values["stylizer"]) == ("spotter", f"{repo}/sub/x/y.onnx")


WRONG = {
    "key": ("crf = 1\nstlye = 'ink'", "vidstyle.toml, line 2: unknown key 'stlye'; did you mean 'style'?"),
    "key in a look": (
        "[looks.a]\nstrenth = 1",
        "line 2, looks.a: unknown key 'strenth'; did you mean 'strength'",
    ),
    "own flag": ("no-config = true", "unknown key 'no-config'"),
    "argument": ("source = 'x.mp4'", "line 1: unknown key 'source'"),
    "number": ("crf = 'good'", 'vidstyle.toml, line 1: crf: must be a number, not "good"'),
    "switch": ("\ninvert = 1", "vidstyle.toml, line 2: invert: must be true or false, not 1"),
    "text": ("codec = 264", "codec: must be text, not 264"),
    "list": ("style = ['a', 3]", "style: must be text or a list of texts"),
    "switch for a number": ("crf = true", "crf: must be a number, not true"),
    "range": ("strength = 3", "line 1: strength: Input should be less than or equal to 1"),
    "table": ("[style]\na = 1", "line 1: style: must be text or a list of texts, not a dict"),
    "look in a look": ("[looks.a]\nlook = 'b'", "line 2, looks.a: a look cannot name another look"),
    "looks": ("looks = 3", "line 1: looks must be tables"),
    "a look": ("[looks]\na = 3", "line 2: a look must be a table"),
    "no such look": ("look = 'nihgt'\n[looks.night]", "line 1: look 'nihgt': there is no [looks.nihgt]"),
    "no TOML": ("crf = 1\nclass laptop\n", "vidstyle.toml, line 2: is no TOML: "),
    "no end": ("crf = 1\nclass = ['laptop',\n", "vidstyle.toml, line 2: is no TOML: "),
    "twice": ("crf = 1\ncrf = 2\n", "vidstyle.toml, line 2: is no TOML: "),
    "digits": (f"crf = {'9' * 5000}", "is no TOML"),
    "depth": (f"style = {'[' * 100000}", "is no TOML"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_one_line_with_its_place(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    text, wanted = WRONG[case]
    write("vidstyle.toml", text)
    line = refused(capsys)
    assert wanted in line and line.startswith("vidstyle.toml"), line


def test_a_look_of_the_flag_that_is_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no vidstyle.toml was found" in refused(capsys, "--look", "night")
    write("vidstyle.toml", "[looks.night]\n[looks.noon]")
    assert "did you mean 'night'?" in refused(capsys, "--look", "nigth")
    assert "there are night, noon" in refused(capsys, "--look", "xyz")


def test_odd_files(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("vidstyle.toml").write_bytes("\ufeffcrf = 1\r\nfeather = 1\r\n".encode())
    assert printed(capsys)["crf"] == 1
    Path("vidstyle.toml").write_bytes(b"")
    assert "crf" not in printed(capsys)
    Path("vidstyle.toml").write_bytes(b"crf = 1\nclass = 'caf\xe9'")
    assert refused(capsys).startswith("vidstyle.toml, line 2: is no UTF-8")
    Path("vidstyle.toml").unlink()
    Path("vidstyle.toml").mkdir()  # a clone of the tool, say
    assert "crf" not in printed(capsys)
    assert "there is no such file" in refused(capsys, "--config", "nowhere.toml")
    assert "cannot be read" in refused(capsys, "--config", str(home))


def test_help_survives_a_broken_file(capsys: pytest.CaptureFixture[str]) -> None:
    write("vidstyle.toml", "class laptop")
    assert cli.code(["run", "--help"]) == 0 and "--print-config" in capsys.readouterr().out
    assert cli.code(["styles"]) == 0


def test_printing_loads_and_paints_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "run", lambda *_, **__: pytest.fail("painted"))
    monkeypatch.setattr(pipeline, "load", lambda *_: pytest.fail("loaded"))
    assert printed(capsys, "missing.mp4", "--segmenter", "nowhere")["segmenter"] == "nowhere"


def test_a_wrong_flag_is_refused_while_printing(capsys: pytest.CaptureFixture[str]) -> None:
    assert "less than or equal to 1" in refused(capsys, "--print-config", "--strength", "3")


def test_preview_and_bench_take_what_they_share(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[Job] = []

    def seen(job: Job, **_: Any) -> Any:
        jobs.append(job)
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "preview", seen)
    monkeypatch.setattr(pipeline, "load", seen)
    write("vidstyle.toml", "style = 'ink'\ncrf = 3\nthreshold = 0.25\noutput = 'out.mp4'\noverwrite = true")
    assert cli.code(["preview", "x.mp4"]) == 130 and cli.code(["bench", "x.mp4"]) == 130
    assert [job.styles for job in jobs] == [(("ink", 1.0),)] * 2
    assert jobs[0].threshold == 0.25 and jobs[0].target is None and not jobs[0].overwrite
    assert jobs[1].threshold is None  # bench has no such flag
    assert cli.code(["preview", "x.mp4", "--style", "waves", "--look", "none"]) == 2


def test_a_value_that_the_command_refuses_is_said_with_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    write("vidstyle.toml", "class = ','\ncrf = 3\nstart = 'soon'\nend = 'late'")
    assert refused(capsys).endswith(
        "--class names nothing; see vidstyle classes (class: vidstyle.toml, line 1)"
    )
    line = refused(capsys, "--class", "laptop", "--end", "3")
    assert "'soon'" in line and line.endswith("(start: vidstyle.toml, line 3)")
    assert "vidstyle.toml" not in refused(capsys, "--class", ",")


def test_a_video_is_painted_as_a_file_says(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = cli_folder.fill(home / "repo")
    (repo / "reds.onnx").rename(repo / "sub/reds.onnx")
    (repo / "reds.toml").rename(repo / "sub/reds.toml")
    networks = "segmenter = 'sub/reds.onnx'\nstylizer = 'invert.onnx'\ndevice = 'cpu'"
    write("vidstyle.toml", f"{networks}\n[looks.kept]\ncodec = 'ffv1'\noutput = 'kept.mkv'")
    monkeypatch.chdir("sub")
    assert cli.code(["../clip.mp4", "--look", "kept"]) == 0
    assert "ffv1" in capsys.readouterr().err and (repo / "kept.mkv").is_file()


FLAGS = [flag for flag in get_command(cli.app).commands["run"].params if flag.param_type_name == "option"]  # type: ignore[attr-defined]


def _free() -> list[Any]:
    """Flags that take any value of their type."""
    own = {"config", "no_config", "print_config", "look"}
    return [flag for flag in FLAGS if flag.name not in own and not flag.type_descriptor.is_choice]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


def _values(flag: Any) -> st.SearchStrategy[Any]:
    kind = flag.type_descriptor.annotation
    if kind is bool:
        return st.booleans()
    if kind in (int, float):
        low = 0 if flag.min is None else flag.min
        high = low + 100 if flag.max is None else flag.max
        return st.floats(low, high) if kind is float else st.integers(int(low), int(high))
    return st.lists(TEXTS, max_size=3) if flag.multiple else TEXTS


def _pair(flag: Any) -> tuple[Any, list[str], Any]:
    """A value for the file, words for the command line, and what then holds."""
    key = key_of(flag)
    if flag.type_descriptor.annotation is bool:
        return True, flag.secondary_opts[:1] or [f"--no-{key}"], False
    if flag.type_descriptor.annotation in (int, float):
        low, step = flag.min or 0, 1 if flag.type_descriptor.annotation is int else 0.25
        return low, [f"--{key}", str(low + step)], low + step
    return "-", [f"--{key}", "://"], ["://"] if flag.multiple else "://"


@pytest.mark.parametrize("flag", _free(), ids=key_of)
def test_flags_win_each_of_them(flag: Any, capsys: pytest.CaptureFixture[str]) -> None:
    value, words, wanted = _pair(flag)
    write("vidstyle.toml", f"{key_of(flag)} = {written(value)}")
    assert printed(capsys)[key_of(flag)] in (value, [value])
    assert printed(capsys, *words)[key_of(flag)] == wanted


def _file() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={key_of(flag): _values(flag) for flag in _free()})


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=_file())
def test_what_is_printed_says_the_same_again(
    values: dict[str, Any], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "".join(f"{key} = {written(value)}\n" for key, value in values.items())
    assert tomllib.loads(text) == values
    first = printed(capsys, "--config", str(write("first.toml", text)))
    assert cli.code(["run", "--print-config", "--config", "first.toml"]) == 0
    again = write(home / "again.toml", capsys.readouterr().out)  # in another folder: paths must be whole
    assert printed(capsys, "--config", str(again)) == first
    for key, value in values.items():
        assert first[key] == value or isinstance(value, str | list)  # paths were made whole
