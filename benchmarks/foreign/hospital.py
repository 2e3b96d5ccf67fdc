"""FHIR portal: wards behind one address, imports at night, patients from home."""

from urllib.parse import quote_plus

from benchmarks.foreign.core import DAY, HOUR, Actor, v4
from benchmarks.foreign.site import OFFICE, Site


class Hospital(Site):
    """See the module."""

    name, host, format, days = "hospital", "portal.klinik.test", "ndjson", 3.0
    shape, weekend, people_count, per_visit = OFFICE, 0.4, 900, 14.0
    log_session, sequential, objects, phone = False, False, 6000, 0.1
    words = ("smith", "anna", "knee", "mri", "2024", "ward", "lab", "müller")
    login_path, forgot_path, broken = "/auth/token", None, "/fhir/Observation"
    admin = [
        ("GET", "/fhir/$export"),
        ("DELETE", "/fhir/AuditEvent/1"),
        ("GET", "/admin/users"),
        ("POST", "/admin/roles"),
        ("PUT", "/fhir/Practitioner/1"),
    ]
    probe = [
        ("GET", "/fhir/Patient", "name"),
        ("GET", "/fhir/Observation", "code"),
        ("GET", "/fhir/DocumentReference", "type"),
    ]
    health, front = "/fhir/metadata", "/"

    def person(self, i: int) -> Actor:
        a = super().person(i)
        if i < 300:
            a.ip, a.pool, a.agent = self._office, None, self.w.browser(0.0)
            a.user = f"staff-{i}"
            a.data["staff"] = True
        else:
            a.user = f"pat-{i}"
        return a

    def visit(self, a: Actor, t: float) -> float:
        w, r = self.w, self.r
        t = w.think(self.sign_in(a, t), 3)
        if not a.data.get("staff"):
            mine = self.own(a, 1)[0]
            for _ in range(r.randrange(2, 9)):
                t = w.think(self.read_object(a, t, mine, True), 12)
                t = w.hit(
                    a,
                    t,
                    "GET",
                    "/fhir/Observation",
                    f"patient={self.ident(mine)}&_sort=-date&_count=20",
                    size=w.size(5200),
                )
                if r.random() < 0.3:
                    t = w.hit(
                        a,
                        t,
                        "GET",
                        "/fhir/Appointment",
                        f"actor=Patient/{self.ident(mine)}&date=ge2026-03-01",
                        size=w.size(1700),
                    )
            return t
        for _ in range(r.randrange(3, 14)):
            u, p = r.random(), r.randrange(self.objects)
            if u < 0.25:
                t = self.search(a, t, self.text())
            t = self.read_object(a, w.think(t, 15), p, True)
            for kind in r.sample(
                [
                    "Observation",
                    "MedicationRequest",
                    "Condition",
                    "Encounter",
                    "AllergyIntolerance",
                ],
                r.randrange(1, 5),
            ):
                t = w.hit(
                    a,
                    t + 0.05,
                    "GET",
                    f"/fhir/{kind}",
                    f"patient={self.ident(p)}&_count=50",
                    size=w.size(8200),
                )
            if r.random() < 0.3:
                t = w.hit(
                    a,
                    w.think(t, 40),
                    "POST",
                    "/fhir/Observation",
                    status=201,
                    size=w.size(640),
                    ms=70,
                )
            if r.random() < 0.05:
                t = w.hit(
                    a,
                    t,
                    "PUT",
                    f"/fhir/Patient/{self.ident(p)}",
                    status=r.choice([200, 200, 409, 422]),
                    ms=60,
                )
        return t

    def background(self) -> None:
        w, r = self.w, self.r
        lab = Actor(v4(r), "HAPI-FHIR/6.10.5 (FHIR Client; FHIR 4.0.1/R4; apache)", user="svc-lab")
        day = 0.0
        while day < w.days:
            t = w.start + day * DAY + 2 * HOUR + r.gauss(0, 60)
            for _ in range(1500):
                t = (
                    w.hit(
                        lab,
                        t,
                        "POST",
                        "/fhir/Observation",
                        status=201 if r.random() > 0.01 else 422,
                        size=w.size(600),
                        ms=80,
                    )
                    + 0.4
                )
            t = w.start + day * DAY + 3.5 * HOUR
            for page in range(150):  # data warehouse reads everything that changed
                t = (
                    w.hit(
                        Actor(lab.ip, "python-httpx/0.27.0", user="svc-dwh"),
                        t,
                        "GET",
                        "/fhir/Patient",
                        f"_lastUpdated=ge2026-03-0{int(day) + 1}&_count=200&_getpagesoffset={page * 200}",
                        size=w.size(180000, 0.1),
                        ms=900,
                    )
                    + 1
                )
            day += 1

    def read_object(self, a: Actor, t: float, i: int, allowed: bool) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            f"/fhir/Patient/{self.ident(i)}",
            status=200 if allowed else 403,
            size=self.w.size(2300) if allowed else 210,
        )

    def search(self, a: Actor, t: float, text: str) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            "/fhir/Patient",
            f"name={quote_plus(text)}&_count=20",
            size=self.w.size(9000, 0.8),
            ms=110,
        )

    def export(self, a: Actor, t: float, i: int) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            "/fhir/DocumentReference",
            f"patient={self.ident(i)}&_count=200",
            size=self.w.size(240000),
            ms=700,
        )

    def costly(self, a: Actor, t: float) -> float:
        return self.w.hit(
            a,
            t,
            "GET",
            "/fhir/Patient",
            "_revinclude=*&_include=*&_count=5000",
            size=self.w.size(2_400_000),
            ms=9000,
        )
