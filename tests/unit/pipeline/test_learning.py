"""Training as a command: bundle, options, refusals."""

import json
import random

import pytest

from apisentinel.cli import train as command
from apisentinel.cli.outcome import Exit
from apisentinel.clock import ManualClock
from apisentinel.errors import ConfigError, ModelError, UntrustedModelError
from apisentinel.models.trust import TrustStore
from apisentinel.pipeline.learned import load_learned
from apisentinel.pipeline.learned_profile import ProfileLearner
from apisentinel.pipeline.learning import TrainSettings, train
from apisentinel.pipeline.learning_labels import Labels
from apisentinel.pipeline.scan import scan
from apisentinel.pipeline.score import ScoreSession
from apisentinel.pipeline.settings import ScanSettings

TRAINING = TrainSettings(trials=0, seed=7)


def request(i, draw, **more):
    return {
        "event_id": f"e{i}",
        "method": "GET",
        "url": f"/items?sort={draw.choice(['price', 'name'])}&page={draw.randrange(1, 30)}",
        "ts": 1_700_000_000 + i,
        "client_ip": f"10.0.{draw.randrange(40)}.7",
        "headers": {"Host": "shop.example", "User-Agent": "Mozilla/5.0"},
        **more,
    }


@pytest.fixture
def traffic(tmp_path):
    draw = random.Random(1)
    path = tmp_path / "requests.ndjson"
    path.write_text("".join(json.dumps(request(i, draw)) + "\n" for i in range(600)))
    return path


@pytest.fixture
def settings(tmp_path):
    return ScanSettings(format="ndjson", trust=tmp_path / "trust")


def learn(traffic, output, settings, training=TRAINING, **options):
    learners = [ProfileLearner(settings, training)]
    clock = options.pop("clock", ManualClock(10**15))
    return train([str(traffic)], output, settings, training, clock, learners=learners, **options)


@pytest.fixture
def bundle(traffic, settings, tmp_path):
    learn(traffic, tmp_path / "bundle", settings)
    return tmp_path / "bundle"


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_equal_training_gives_equal_bytes_but_for_the_signature(traffic, settings, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    first = learn(traffic, one, settings)
    second = learn(
        traffic,
        other,
        settings.model_copy(update={"chunk_bytes": 4096, "threads": 1}),
        clock=ManualClock(2 * 10**15),
    )
    assert first.bundle == second.bundle
    assert files(one).keys() == files(other).keys()
    for name, content in files(one).items():
        assert (content == files(other)[name]) == (name != "signature.json")


def scores(settings, bundle, *requests, **changes):
    chosen = settings.model_copy(update={"model": bundle, **changes})
    session = ScoreSession(chosen, stateless=True)
    lines = "".join(json.dumps(item) + "\n" for item in requests).encode()
    return [json.loads(line) for line in session.score(lines).splitlines()]


def odd(draw):
    return request(1, draw, url="/items?sort=rowid&page=x7'", ts=1_700_100_000)


def test_score_uses_the_bundle(settings, bundle):
    draw = random.Random(2)
    usual, unusual = scores(settings, bundle, request(0, draw), odd(draw))
    assert "profile" not in usual["detectors"]
    assert unusual["detectors"]["profile"] > 0.3
    assert "anomaly" in unusual["attack_types"]
    assert unusual["score"] > usual["score"]
    assert "query" in unusual["reason"]


def test_without_models_the_bundle_says_nothing(settings, bundle):
    (verdict,) = scores(settings, bundle, odd(random.Random(2)), models=False)
    assert "profile" not in verdict["detectors"]


def test_scan_raises_evidence_against_the_client(settings, bundle, traffic, tmp_path):
    draw = random.Random(3)
    lines = traffic.read_text().splitlines()
    strange = {"client_ip": "192.0.2.66", "method": "PATCH", "ts": 1_700_000_650}
    for i in range(6):
        lines.append(
            json.dumps(
                request(700 + i, draw, url=f"/items?sort=id{i}&q{i}=\x01&page=-{i}", **strange)
            )
        )
    mixed = tmp_path / "mixed.ndjson"
    mixed.write_text("\n".join(lines) + "\n")
    entities = {}
    for name, model in (("with", bundle), ("without", None)):
        chosen = settings.model_copy(update={"model": model, "entities": True})
        found = {item.id: item for item in scan([str(mixed)], chosen).entities()}
        entities[name] = found["192.0.2.66"]
    assert entities["with"].score > entities["without"].score + 0.1
    assert "anomaly" in entities["with"].attack_types


@pytest.mark.parametrize(
    "name", ["manifest.json", "signature.json", "profile/endpoints.safetensors"]
)
def test_a_changed_bundle_is_refused(name, settings, bundle):
    path = bundle / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ModelError):
        ScoreSession(settings.model_copy(update={"model": bundle}), stateless=True)


def test_a_bundle_of_somebody_else_is_refused(settings, bundle, tmp_path):
    with pytest.raises(UntrustedModelError, match="not trusted"):
        load_learned(bundle, TrustStore.load(tmp_path / "elsewhere"), settings)


def test_nothing_to_learn_from(settings, tmp_path):
    empty = tmp_path / "empty.ndjson"
    empty.write_text("no request\n")
    with pytest.raises(ModelError, match="no requests"):
        learn(empty, tmp_path / "bundle", settings)
    assert not (tmp_path / "bundle").exists()


def test_labelled_attacks_are_not_learned(traffic, settings, tmp_path):
    lines = [json.loads(line) for line in traffic.read_text().splitlines()]
    for line in lines:
        line["label"] = "attack" if int(line["event_id"][1:]) % 4 == 0 else "benign"
    labelled = tmp_path / "labelled.ndjson"
    labelled.write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = learn(labelled, tmp_path / "bundle", settings, TrainSettings(labels="label", trials=0))
    assert told.about["learned"]["profile"]["attacks_left_out"] == 150


def test_a_field_that_no_line_has(traffic):
    with pytest.raises(ConfigError, match="'label'"):
        Labels.read([str(traffic)], "label")


def test_labels_need_files():
    with pytest.raises(ConfigError, match="name files"):
        Labels.read(["-"], "label")


def wanted(traffic, output, **more):
    values = {
        "options": {"format": "ndjson"}, "labels": None, "trials": 0, "seed": 1, "budget": None,
        "config": None, "quiet": True,
    }  # fmt: skip
    return command.Wanted(paths=(str(traffic),), output=str(output), **(values | more))


def test_output_must_be_a_folder(traffic, tmp_path):
    with pytest.raises(ConfigError, match="is a file"):
        command.run(wanted(traffic, traffic))


def test_the_command_writes_a_bundle(traffic, tmp_path, monkeypatch):
    monkeypatch.setenv("APISENTINEL_TRUST", str(tmp_path / "trust"))
    monkeypatch.setattr(
        "apisentinel.pipeline.learning.learners_of",
        lambda settings, training: [ProfileLearner(settings, training)],
    )
    assert command.run(wanted(traffic, tmp_path / "bundle")) == Exit.DONE
    assert (tmp_path / "bundle" / "manifest.json").exists()


def test_steps_are_told_with_the_share_that_is_done(traffic, settings, tmp_path):
    told = []
    learn(traffic, tmp_path / "bundle", settings, on_step=lambda *step: told.append(step))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.5
    assert told[-1] == ("bundle", 1.0)


def test_another_profile_is_used_from_the_next_block_on(settings, bundle):
    session = ScoreSession(settings)
    learned = load_learned(bundle, TrustStore.load(settings.trust), settings)
    assert session.engine.unusual is None
    session.engine.use_profile(learned)
    assert session.engine.unusual.detector.profile is learned.profile
    session.engine.use_profile(None)
    assert session.engine.unusual is None
