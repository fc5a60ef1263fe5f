import pytest

from classifier import cli


@pytest.mark.parametrize(
    ("command", "extra"), [("train", "train"), ("evaluate", "train"), ("serve", "serve")]
)
def test_part_that_is_missing_when_a_command_runs_is_said_in_one_line(monkeypatch, capsys, command, extra):
    def run():
        raise ModuleNotFoundError("No module named 'walrus'", name="walrus")

    monkeypatch.setattr("sys.argv", ["complaint-context", command, "x"])
    monkeypatch.setattr(cli, "build_app", lambda asked: run)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        f"complaint-context: {command}: needs walrus, which is not installed. "
        f"Run: pip install 'complaint-context[{extra}]'\n"
    )
