URL = "/api/v1/me/preferences"


def test_preferences_are_kept_per_user(client, session):
    ann, bob = session("viewer"), session("admin")
    assert client.get(URL, headers=ann).json() == {"preferences": {}}
    client.put(URL, headers=ann, json={"theme": "dark", "keys": {"j": "down"}})
    answer = client.put(URL, headers=ann, json={"keys": None, "zone": "utc"})
    assert answer.json() == {"preferences": {"theme": "dark", "zone": "utc"}}
    assert client.get(URL, headers=bob).json() == {"preferences": {}}


def test_nobody_in_particular_has_none(client):
    assert client.get(URL).status_code == 401


def test_preferences_are_bounded(client, session):
    ann = session("viewer")
    assert client.put(URL, headers=ann, json={"a": "x" * 9_000}).status_code == 422
    assert client.put(URL, headers=ann, json={"a b": 1}).status_code == 422
    for k in range(4):
        many = {f"p{k}.{n}": n for n in range(50)}
        assert client.put(URL, headers=ann, json=many).status_code == 200
    assert client.put(URL, headers=ann, json={"one more": 1, "b": 1}).status_code == 422
    assert client.put(URL, headers=ann, json={"more": 1}).status_code == 409
    assert len(client.get(URL, headers=ann).json()["preferences"]) == 200
