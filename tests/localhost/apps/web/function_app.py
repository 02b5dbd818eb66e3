"""HTTP functions, one for each thing that the host does with a request or an answer."""

import asyncio
import http.cookies
import json
import threading
import time

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def _text(text: str) -> func.HttpResponse:
    return func.HttpResponse(text)


@app.route(route="echo/{first?}/{second?}")
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    """Say what the function was given."""
    seen = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "params": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode("latin-1"),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


@app.route(route="items/{id}", methods=["GET"])
def get_item(req: func.HttpRequest) -> func.HttpResponse:
    """Come before `list_summary` by name, and so take its path too."""
    return _text(f"get_item {req.route_params['id']}")


@app.route(route="items/summary", methods=["GET"])
def list_summary(req: func.HttpRequest) -> func.HttpResponse:
    """Never be reached."""
    return _text("list_summary")


@app.route(route="items/{id}", methods=["DELETE"])
def remove_item(req: func.HttpRequest) -> func.HttpResponse:
    """Share a path with `get_item`, by another method."""
    return _text("remove_item")


@app.function_name("B_upper")
@app.route(route="order/{any}")
def second_by_name(req: func.HttpRequest) -> func.HttpResponse:
    """Come after `a_lower`, for case does not count."""
    return _text("B_upper")


@app.function_name("a_lower")
@app.route(route="order/here")
def first_by_name(req: func.HttpRequest) -> func.HttpResponse:
    """Come first."""
    return _text("a_lower")


@app.route(route="typed/{value:int}")
def typed_1_int(req: func.HttpRequest) -> func.HttpResponse:
    """Take whole numbers."""
    return _text("int")


@app.route(route="type-of/{value:int}")
def type_of(req: func.HttpRequest) -> func.HttpResponse:
    """Say what a constrained value comes as."""
    return _text(type(req.route_params["value"]).__name__)


@app.route(route="typed/{value:guid}")
def typed_2_guid(req: func.HttpRequest) -> func.HttpResponse:
    """Take GUIDs."""
    return _text("guid")


@app.route(route="typed/{value:alpha}")
def typed_3_alpha(req: func.HttpRequest) -> func.HttpResponse:
    """Take letters."""
    return _text("alpha")


@app.route(route="files/{*path}")
def files(req: func.HttpRequest) -> func.HttpResponse:
    """Take whatever follows."""
    return _text(req.route_params.get("path", "nothing"))


@app.route(route="paged/{page=1}")
def paged(req: func.HttpRequest) -> func.HttpResponse:
    """Have a default."""
    return _text(req.route_params["page"])


@app.route()
async def plain(req: func.HttpRequest) -> str:
    """Return a str, from the route that the name makes."""
    return "plain"


@app.route(route="answer")
def answer(req: func.HttpRequest) -> func.HttpResponse:
    """Set a status, headers and two cookies."""
    response = func.HttpResponse(
        b"\x00\xff", status_code=207, mimetype="application/x-bytes", headers={"X-Number": "1"}
    )
    for name in ("one", "two"):
        cookie = http.cookies.SimpleCookie({name: "1"})
        response.headers.add("Set-Cookie", cookie.output(header="").strip())
    return response


@app.route(route="no-content")
def no_content(req: func.HttpRequest) -> func.HttpResponse:
    """Have nothing to say."""
    return func.HttpResponse(status_code=204)


@app.route(route="bad/{kind}")
def bad(req: func.HttpRequest):  # type: ignore[no-untyped-def]
    """Do what a function must not."""
    kind = req.route_params["kind"]
    if kind == "raise":
        raise RuntimeError("the secret reason")
    return {
        "none": None,
        "dict": {"a": 1},
        "bytes": b"x",
        "status": func.HttpResponse("x", status_code=99),
        "header": func.HttpResponse("x", headers={"x-name": "\u20ac"}),
    }[kind]


@app.route(route="context")
async def context(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Ask for the invocation's context."""
    return _text(f"{context.function_name} {bool(context.invocation_id)}")


@app.route(route="sleep-async")
async def sleep_async(req: func.HttpRequest) -> func.HttpResponse:
    """Sleep on the event loop."""
    await asyncio.sleep(float(req.params["seconds"]))
    return _text(threading.current_thread().name)


@app.route(route="sleep-sync")
def sleep_sync(req: func.HttpRequest) -> func.HttpResponse:
    """Sleep in a thread of the pool."""
    time.sleep(float(req.params["seconds"]))
    return _text(threading.current_thread().name)


@app.route(route="for-function-keys", auth_level=func.AuthLevel.FUNCTION)
def for_function_keys(req: func.HttpRequest) -> func.HttpResponse:
    """Need a function key."""
    return _text("in")


@app.route(route="for-admins", auth_level=func.AuthLevel.ADMIN)
def for_admins(req: func.HttpRequest) -> func.HttpResponse:
    """Need the master key."""
    return _text("in")


@app.route(route="switched-off")
def switched_off(req: func.HttpRequest) -> func.HttpResponse:
    """Be disabled by a setting."""
    return _text("on")


@app.route(route="administrators")
def administrators(req: func.HttpRequest) -> func.HttpResponse:
    """Have a route that begins as the host's own do: refused."""
    return _text("never")


@app.route(route="coloured/{name:colour}")
def coloured(req: func.HttpRequest) -> func.HttpResponse:
    """Have a constraint that nobody knows: refused."""
    return _text("never")


@app.route(route="Plain")
def plain_again(req: func.HttpRequest) -> func.HttpResponse:
    """Have the route of `plain`: refused."""
    return _text("never")
