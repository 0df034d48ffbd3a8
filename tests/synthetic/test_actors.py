from __future__ import annotations

import numpy as np

from actionrec.synthetic.actors import make_actor


def look(actor):
    """What one sees from afar."""
    clothes = actor.clothes
    return actor.face.skin, actor.face.hair, clothes.shirt, clothes.trousers, clothes.pattern, actor.room


def test_an_actor_follows_from_group_and_seed():
    assert make_actor(3, 7) == make_actor(3, 7)
    assert make_actor(3, 7) != make_actor(3, 8)


def test_actors_differ_beyond_the_tables():
    actors = [make_actor(group, 0) for group in range(1, 61)]
    assert len({look(actor) for actor in actors}) == 60
    assert len({actor.body for actor in actors}) == 60


def test_one_actor_is_bald():
    assert [group for group in range(1, 61) if make_actor(group, 0).face.bald] == [9]


def test_hair_stands_out_from_skin():
    for group in range(1, 61):
        face = make_actor(group, 0).face
        assert np.abs(np.subtract(face.hair, face.skin)).max() > 0.15
