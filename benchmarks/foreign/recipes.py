"""One GraphQL endpoint, everything in the body; a community with rich text."""

import json

from benchmarks.foreign.core import DAY, TEXTS, Actor, token
from benchmarks.foreign.site import Site


class GraphQL(Site):
    """See the module."""

    name, host, format, days = "graphql", "api.tastebook.test", "ndjson", 1.5
    people_count, per_visit, log_body, objects, sequential = 1400, 14.0, True, 8000, False
    words = ("pasta", "crème brûlée", "vegan", "bbq", "mom's pie")
    login_path, broken = "/graphql", "/graphql"
    admin = [("GET", "/graphiql"), ("GET", "/admin"), ("POST", "/graphql/internal")]
    probe = [("POST", "/graphql", "text")]
    health = "/health"

    def gql(
        self,
        a: Actor,
        t: float,
        op: str,
        fields: str,
        variables: dict[str, object],
        status: int = 200,
        size: int = 1500,
        ms: float = 40,
        user: str | None = None,
    ) -> float:
        head = ", ".join(f"${k}: String" for k in variables)
        args = ", ".join(f"{k}: ${k}" for k in variables)
        kind = "mutation" if op[0].isupper() else "query"
        query = f"{kind} {op[0].upper() + op[1:]}{'(' + head + ')' if head else ''} {{ {op[0].lower() + op[1:]}{'(' + args + ')' if args else ''} {{ {fields} }} }}"
        body = json.dumps(
            {"operationName": op[0].upper() + op[1:], "query": query, "variables": variables},
            ensure_ascii=False,
        )
        return self.w.hit(
            a,
            t,
            "POST",
            "/graphql",
            status=status,
            size=self.w.size(size),
            ms=ms,
            body=body,
            ctype="application/json",
            user=user,
        )

    def login(
        self, a: Actor, t: float, name: str, good: bool, exists: bool = True, page: bool = False
    ) -> float:
        return self.gql(
            a,
            t,
            "Login",
            "token errors { message }",
            {"email": f"{name}@mail.test", "password": token(self.r, 10)},
            size=700 if good else 130,
            ms=200,
            user=name if good else "",
        )

    def visit(self, a: Actor, t: float) -> float:
        w, r = self.w, self.r
        if r.random() < 0.4:
            t = w.think(self.sign_in(a, t), 2)
        t = self.gql(a, t, "viewer", "id name avatar { url } unread", {}, size=600)
        t = self.gql(
            a,
            t + 0.05,
            "feed",
            "edges { node { id title image author { name } likes } } pageInfo { endCursor }",
            {"after": ""},
            size=9000,
        )
        for _ in range(r.randrange(2, 12)):
            u = r.random()
            if u < 0.5:
                t = self.detail(a, w.think(t, 15), min(int(r.expovariate(0.003)), self.objects - 1))
            elif u < 0.7:
                t = self.search(a, w.think(t, 6), self.text())
            elif u < 0.8:
                t = self.gql(
                    a,
                    w.think(t, 6),
                    "feed",
                    "edges { node { id title image author { name } likes } } pageInfo { endCursor }",
                    {"after": token(r, 16)},
                    size=9000,
                )
            elif u < 0.9:
                t = self.gql(
                    a,
                    w.think(t, 40),
                    "AddComment",
                    "id createdAt",
                    {
                        "recipe": self.ident(r.randrange(500)),
                        "text": f"<p>{r.choice(TEXTS)} &amp; <b>{r.choice(TEXTS)}</b></p>",
                    },
                    size=300,
                )
            else:
                t = self.gql(
                    a,
                    w.think(t, 60),
                    "SaveRecipe",
                    "id",
                    {
                        "title": r.choice(TEXTS),
                        "html": "<ul>"
                        + "".join(
                            f"<li>{r.randrange(1, 500)} g {r.choice(TEXTS)}</li>" for _ in range(6)
                        )
                        + "</ul>",
                        "photo": "data:image/jpeg;base64," + token(r, 400),
                    },
                    size=200,
                    ms=120,
                )
        return t

    def detail(self, a: Actor, t: float, i: int) -> float:
        return self.gql(
            a,
            t,
            "recipe",
            "id title html steps { text } ingredients { amount name } comments { text author { name } }",
            {"id": self.ident(i)},
            size=6500,
        )

    def search(self, a: Actor, t: float, text: str) -> float:
        return self.gql(a, t, "search", "id title image", {"text": text}, size=4000)

    def read_object(self, a: Actor, t: float, i: int, allowed: bool) -> float:
        return self.gql(
            a,
            t,
            "order",
            "id address { street city } total items { name }",
            {"id": str(70000 + i)},
            size=1600 if allowed else 110,
        )

    def background(self) -> None:
        for a in self.people:  # own orders
            if self.r.random() < 0.5:
                t = self.w.start + self.r.random() * self.w.days * DAY
                for i in self.own(a, 2):
                    t = self.w.think(self.read_object(self.begin(a), t, i, True), 20)

    def assign(self, a: Actor, t: float, extra: str) -> float:
        return self.gql(
            a,
            t,
            "UpdateProfile",
            "id",
            {"name": self.text(), "bio": "cook", extra: "admin"},
            size=180,
        )

    def costly(self, a: Actor, t: float) -> float:
        deep = "author { recipes { comments { " * 12 + "id" + " } } }" * 12
        return self.gql(
            a, t, "recipe", deep, {"id": self.ident(self.r.randrange(9))}, size=800_000, ms=8000
        )
