"""Configuration and usage errors: file and line, what was given, what is accepted, exit code 2."""
import os
import subprocess

import pytest

import rig

PROGRAMS = ("flowimportd", "flowimport")


def run(program, *words, env=None):
    done = subprocess.run([str(rig.BUILD / program)] + [str(word) for word in words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=rig.BOUND, check=False,
                          env=dict(os.environ, **(env or {})))
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check(folder, text, *words):
    """--check-config of the text by both programs: (exit code, its messages), the same from both."""
    path = folder / "test.conf"
    path.write_text(text)
    answers = [run(program, "-c", path, "--check-config", *words) for program in PROGRAMS]
    messages = [(out + err).replace("flowimportd", "flowimport") for _, out, err in answers]
    assert answers[0][0] == answers[1][0] and messages[0] == messages[1], answers
    return answers[0][0], answers[0][1] + answers[0][2]


@pytest.mark.parametrize("text, line, words", [
    ("[import]\nflush_interval = soon\n", 2, ["flush_interval", "soon"]),
    ("[import]\n\n\nbucket_sizes = 600,600\n", 4, ["bucket_sizes", "600"]),
    ("[import]\nbucket_sizes = 0\n", 2, ["bucket_sizes", "0"]),
    ("[import]\nbucket_sizes = 1,2,3,4,5,6,7,8,9\n", 2, ["bucket_sizes"]),
    ("[import]\naggr_values = sourceIPv4Address,noSuchElement\n", 2, ["aggr_values", "noSuchElement"]),
    ("[import]\naggr_sums = octetDeltaCount,octetDeltaCount\n", 2, ["aggr_sums", "octetDeltaCount"]),
    ("[import]\ncache_memory = 1M\n", 2, ["cache_memory", "1M"]),
    ("[import]\nfilter_unknown_ports = perhaps\n", 2, ["filter_unknown_ports", "perhaps"]),
    ("[queue]\ndelivery = exactly-twice\n", 2, ["delivery", "exactly-twice", "exactly-once", "at-most-once"]),
    ("[queue]\npage = -1\n", 2, ["page", "-1"]),
    ("[export]\ncollectors = udp://a, sctp://b\n", 2, ["collectors", "sctp://b", "udp://host"]),
    ("[export]\nmtu = 100\n", 2, ["mtu", "100", "640"]),
    ("[queue]\npagee = 1\n", 2, ["pagee"]),
    ("[queu]\npage = 1\n", 2, ["queu"]),
    ("[queue]\npage = 1\npage = 2\n", 3, ["page"]),
    ("[log]\nlevel = loud\n", 2, ["level", "loud", "debug"]),
    ("[http]\nlisten = localhost:80\n", 2, ["listen", "localhost:80", "127.0.0.1:8469"]),
    ("[http]\nlisten = 8469\n", 2, ["listen", "'8469'", "[::1]:8469"]),
    ("page = 1\n", 1, ["page"]),
    ("[queue]\nthis is no option\n", 2, []),
], ids=lambda value: value.replace("\n", " ") if isinstance(value, str) else "")
def test_bad_configuration_names_file_and_line(folder, text, line, words):
    code, told = check(folder, text)
    assert code == 2
    assert "%s:%d:" % (folder / "test.conf", line) in told
    for word in words:
        assert word in told


def test_all_errors_are_told_not_only_the_first(folder):
    code, told = check(folder, "[import]\nflush_interval = soon\n[queue]\npage = x\n[log]\nlevel = loud\n")
    assert code == 2
    for line in (2, 4, 6):
        assert "%s:%d:" % (folder / "test.conf", line) in told


def test_mistakes_of_all_kinds_are_told_in_one_round(folder):
    """Of the text, of single values, of unknown names, and of what options say about each other."""
    code, told = check(folder, "[queue]\nulr = redis://h\nconsumer = a b\n[impotr]\nenabled = no\n[import]\n"
                               "flush_interval = soon\naggr_values = nonsense\n[retention]\nkeep = 60=2d\n"
                               "[http]\nlisten = 0.0.0.0:80\nrubbish\n", "--cache-memroy", "1G")  # 1G is no operand
    assert code == 2
    for line, words in ((2, "did you mean url?"), (3, "'a b'"), (5, "did you mean [import]?"), (7, "'soon'"),
                        (8, "'nonsense'"), (10, "60s is not"), (12, "auth"), (13, "neither")):
        said = [one for one in told.splitlines() if one.startswith("%s:%d: " % (folder / "test.conf", line))]
        assert len(said) == 1 and words in said[0], (line, told)
    assert "--cache-memroy: unknown option; did you mean --cache-memory?" in told
    assert told.count("\n") == 9


def test_good_configuration_is_told_so(folder):
    code, told = check(folder, "[import]\nflush_interval = 5m\nbucket_sizes = 60,600,3600\ncache_memory = 1G\n")
    assert (code, told) == (0, "configuration ok: %s\n" % (folder / "test.conf"))


@pytest.mark.parametrize("program", PROGRAMS)
def test_absent_file_that_was_named(folder, program):
    code, _, err = run(program, "-c", folder / "none.conf", "--check-config")
    assert code == 2 and str(folder / "none.conf") in err


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("words", [["--nonsense"], ["-Z"], ["--flush-interval"], ["--flush-interval", "soon"]],
                         ids=" ".join)
def test_bad_usage_is_exit_code_2(program, words):
    code, _, err = run(program, *words)
    assert code == 2
    assert words[0].lstrip("-").replace("-", "") in err.replace("-", "").replace("_", "")


def test_no_command_and_unknown_command():
    for words in ([], ["nonsense"], ["top", "nonsense"], ["rejected", "nonsense"]):
        code, _, err = run("flowimport", *words)
        assert code == 2 and err, words


def test_password_on_the_command_line_is_refused():
    code, _, err = run("flowimportd", "--queue-password", "secret")
    assert code == 2 and "secret" not in err


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_and_version(program):
    code, out, err = run(program, "--help")
    assert (code, err) == (0, "") and program in out and "--flush-interval" in out
    code, out, err = run(program, "--version")
    assert (code, err) == (0, "") and out.startswith(program) and out.count("\n") == 1


def test_daemon_with_bad_configuration_ends_with_2_and_starts_nothing(make_site):
    site = make_site("sqlite", import_={"flush_interval": "soon"})
    site.redis.push([b"{}"])
    daemon = site.daemon(ready=False)
    assert daemon.wait() == 2
    assert site.redis.client().llen(rig.QUEUE) == 1
    assert not site.store.path.exists()


def test_a_folder_that_is_missing_at_the_first_start(folder):
    """One error with the file's line, the folder and what makes it; only from what would write there."""
    path = folder / "test.conf"
    path.write_text("[store]\nurl = sqlite:%s/none/flows.db\n[http]\nlisten =\n" % folder)
    said = "%s:2: [store] url: the folder of the SQLite file is missing: mkdir -p %s/none && chown " % (path, folder)
    (folder / "flows.json").write_text("{}")
    for words in (["flowimportd"], ["flowimport", "--once", folder / "flows.json"], ["flowimport", "--once"],
                  ["flowimport", "schema", "install"], ["flowimport", "migrate", "mysql://u@127.0.0.1:1/old"]):
        code, out, err = run(words[0], "-c", path, *words[1:])
        assert code == 2 and out == "" and said in err, (words, err)
        assert sum("%s/none" % folder in line for line in err.splitlines()) == 1, err
    assert run("flowimport", "-c", path, "print", folder / "flows.json")[0] == 0
    assert run("flowimport", "-c", path, "schema", "print")[0] == 0
    code, _, err = run("flowimport", "-c", path, "top", "hosts")
    assert code == 1 and "%s/none" % folder in err and "mkdir" not in err  # there is nothing to look at
