"""Which function a path reaches: by name order, constraints, options, defaults and prefix."""

import pytest

from localhost.routes import Route, Router, decode_path, parse_template
from tests.localhost.host_process import HostProcess

GUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"


def test_first_function_by_name_wins_over_a_literal(web: HostProcess) -> None:
    """`get_item` comes before `list_summary` and takes its path."""
    assert web.get("/api/items/summary").text == "get_item summary"


def test_name_order_ignores_case(web: HostProcess) -> None:
    """`a_lower` before `B_upper`, though capitals sort first."""
    assert web.get("/api/order/here").text == "a_lower"
    assert web.get("/api/order/there").text == "B_upper"


def test_underscore_sorts_after_letters() -> None:
    """The host compares names in upper case, where `_` comes behind `Z`."""
    assert sorted(["get_item", "getz"], key=str.upper) == ["getz", "get_item"]


def test_same_path_by_another_method(web: HostProcess) -> None:
    """A route that does not take the method leaves the path to the next."""
    assert web.request("DELETE", "/api/items/1").text == "remove_item"


@pytest.mark.parametrize(
    ("value", "status", "function"),
    [("12", 200, "int"), (GUID, 200, "guid"), ("abc", 200, "alpha"), ("a-1", 404, "")],
)
def test_constraints_choose_the_function(
    web: HostProcess, value: str, status: int, function: str
) -> None:
    """A value that no constraint allows is an unknown route."""
    reply = web.get(f"/api/typed/{value}")
    assert (reply.status, reply.text) == (status, function)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/api/files/a/b/c.txt", "a/b/c.txt"),
        ("/api/files", "nothing"),
        ("/api/paged", "1"),
        ("/api/paged/7", "7"),
    ],
)
def test_catch_all_and_default(web: HostProcess, path: str, text: str) -> None:
    """A catch-all takes the rest, also none; a default stands in."""
    assert web.get(path).text == text


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/api/administrators", "conflicts with the host's own routes"),
        ("/api/coloured/red", "Route constraint 'colour' is not known"),
    ],
)
def test_refused_route_leaves_the_others(web: HostProcess, path: str, reason: str) -> None:
    """The function is in error, and said to be; the rest of the app runs."""
    assert web.get(path).status == 404
    assert reason in web.log


def test_second_function_with_the_same_route_is_refused(web: HostProcess) -> None:
    """The first keeps it."""
    assert web.get("/api/plain").text == "plain"
    assert "'api/Plain' is already that of plain" in web.log


def test_route_prefix_is_a_setting_too(tuned: HostProcess) -> None:
    """host.json's value can be overridden, also by none at all."""
    assert tuned.get("/plain").status == 200
    assert tuned.get("/api/plain").status == 404


@pytest.mark.parametrize(
    ("constraint", "allowed", "refused"),
    [
        ("int", ["0", "-5", "2147483647"], ["x", "1.5", "2147483648", "9" * 5000]),
        ("long", ["2147483648", "-9223372036854775808"], ["9223372036854775808", "1e3"]),
        ("guid", [GUID, GUID.upper(), GUID.replace("-", ""), f"{{{GUID}}}"], ["1", GUID[:-1]]),
        ("alpha", ["abc", "XYZ"], ["a1", "a-b", "\u00e9"]),
        ("bool", ["true", "False"], ["1", "yes"]),
        ("decimal", ["1", "1.5", "-.5"], ["1,5", "nan", "x"]),
        ("datetime", ["2026-11-22", "2026-11-22T09:00:00Z"], ["22.11.2026", "x"]),
        ("min(3)", ["3", "99"], ["2", "x"]),
        ("max(3)", ["3", "-9"], ["4", "x"]),
        ("range(2,4)", ["2", "4"], ["1", "5", "x"]),
        ("minlength(2)", ["ab"], ["a"]),
        ("maxlength(2)", ["ab"], ["abc"]),
        ("length(2)", ["ab"], ["a", "abc"]),
        ("length(2,3)", ["ab", "abc"], ["a", "abcd"]),
        ("required", ["a"], []),
        (r"regex(^\d{{3}}-(a|b)$)", ["123-a", "123-B"], ["12-a", "123-c"]),
        ("int:min(1)", ["1"], ["0", "x"]),
    ],
)
def test_route_constraint(constraint: str, allowed: list[str], refused: list[str]) -> None:
    """Each takes what ASP.NET's takes."""
    template = parse_template(f"x/{{value:{constraint}}}")
    assert [template.match(f"/x/{value}") for value in allowed] == [{"value": v} for v in allowed]
    assert [template.match(f"/x/{value}") for value in refused] == [None] * len(refused)


@pytest.mark.parametrize(
    ("text", "path", "values"),
    [
        ("", "/", {}),
        ("a/{b}/c", "/a/1/c", {"b": "1"}),
        ("a/{b}/c", "/a//c", None),
        ("{name}.{extension}", "/x.tar.gz", {"name": "x.tar", "extension": "gz"}),
        ("{a=1}/{b=2}", "/", {"a": "1", "b": "2"}),
        ("{a=1}/{b=2}", "/7", {"a": "7", "b": "2"}),
        ("a/{b=2}/c", "/a/2/c", {"b": "2"}),
        ("a/{b=2}/c", "/a/c", None),
        ("a/{id:int?}", "/a", {}),
        ("a/{b?}/{c?}", "/a/1", {"b": "1"}),
        ("a/{id:int?}", "/a/x", None),
        ("a/{**rest}", "/a/b/c/", {"rest": "b/c/"}),
        ("a.b", "/axb", None),
    ],
)
def test_template(text: str, path: str, values: dict[str, str] | None) -> None:
    """Segments, several parameters in one, defaults, options, catch-alls, literal dots."""
    assert parse_template(text).match(path) == values


@pytest.mark.parametrize(
    "text", ["/a", "~/a", "a//b", "{a}/{A}", "{*a}/b", "x{a?}", "{a", "a}", "{a:nothing}", "{}"]
)
def test_template_that_is_refused(text: str) -> None:
    """Also by ASP.NET, where the function would be in error."""
    with pytest.raises(ValueError, match="Route"):
        parse_template(text)


def test_router_finds_nothing_where_nothing_is() -> None:
    """Neither by path nor by method."""
    router = Router([Route(parse_template("a"), frozenset({"GET"}), "target")])
    assert router.find("GET", "/a") == ("target", {})
    assert router.find("POST", "/a") is None
    assert router.find("GET", "/b") is None


def test_path_is_unescaped_once() -> None:
    """But for slashes, which stay escaped."""
    assert decode_path(b"/a%20b/c%2fd/%2541") == "/a b/c%2Fd/%41"
