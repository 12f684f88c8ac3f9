"""Make the bundled data that is generated: `uv run python docs/data.py`. The same seeds give the same bytes.

`assets/data/README.md` says what each file holds and under which licence.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parents[1] / "assets" / "data"

SIDE = 24
"""Pixels of a side of the pictures with shapes."""

USERS, FILMS, RATINGS = 60, 80, 2_400
DOCS, TOPICS, HISTORIES, LENGTH = 24, 4, 3_000, 5


def shapes(count: int = 260) -> None:
    """Discs and squares on an uneven ground with noise, and a mask of the pixels of the discs alone."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[:SIDE, :SIDE]
    pictures, masks = [], []
    for _ in range(count):
        slope = random.uniform(-2, 2, 2)
        picture = 70 + slope[0] * (x - SIDE / 2) + slope[1] * (y - SIDE / 2)
        mask = np.zeros((SIDE, SIDE), bool)
        for kind in random.permutation(["disc", "disc", "square"]):
            cx, cy = random.uniform(4, SIDE - 4, 2)
            size, light = random.uniform(2.5, 5), random.uniform(60, 120)
            disc = (x - cx) ** 2 + (y - cy) ** 2 <= size**2
            area = disc if kind == "disc" else np.maximum(abs(x - cx), abs(y - cy)) <= size * 0.85
            picture = np.where(area, 70 + light, picture)
            mask = (mask | area) if kind == "disc" else (mask & ~area)
        pictures.append(np.clip(picture + random.normal(0, 14, picture.shape), 0, 255))
        masks.append(mask)
    image = np.asarray(pictures).round().astype(np.uint8)[..., None]
    np.savez(HERE / "shapes.npz", image=image, mask=np.asarray(masks, np.uint8)[..., None])


def noisy_digits(count: int = 1_200) -> None:
    """The first bundled digits, with noise and without."""
    random = np.random.default_rng(2)
    with np.load(HERE / "digits.npz") as file:
        clean: NDArray[np.uint8] = file["image"][:count]
    noisy = np.clip(clean + random.normal(0, 4, clean.shape), 0, 16).round().astype(np.uint8)
    np.savez(HERE / "noisy-digits.npz", noisy=noisy, clean=clean)


def ratings() -> None:
    """Ratings that users gave films, from tastes that the table does not tell."""
    random = np.random.default_rng(3)
    tastes, films = random.normal(0, 1, (USERS, 3)), random.normal(0, 1, (FILMS, 3))
    pairs = random.permutation(USERS * FILMS)[:RATINGS]
    with (HERE / "ratings.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["user", "film", "rating"])
        for user, film in zip(*divmod(pairs, FILMS), strict=True):
            liking = 3 + 0.9 * tastes[user] @ films[film] / np.sqrt(3) * 1.6 + random.normal(0, 0.35)
            writer.writerow([user, film, f"{np.clip(liking, 1, 5):.1f}"])


def histories() -> None:
    """What somebody watched, for how long, and what they chose next; documents have ids from 1, 0 is none."""
    random = np.random.default_rng(4)
    topic = np.arange(DOCS) % TOPICS
    seen, times, chosen = [], [], []
    for _ in range(HISTORIES):
        favourite = random.integers(TOPICS)
        near = topic == favourite
        docs = random.choice(DOCS, LENGTH, p=np.where(near, 6, 1) / np.where(near, 6, 1).sum())
        watched = np.where(topic[docs] == favourite, 0.8, 0.2) + random.normal(0, 0.08, LENGTH)
        seen.append(docs + 1)
        times.append(np.clip(watched, 0, 1))
        chosen.append(random.choice(np.flatnonzero(near)) if random.random() < 0.9 else random.integers(DOCS))
    np.savez(
        HERE / "histories.npz",
        doc_id_history=np.asarray(seen, np.uint8),
        c_time_history=np.asarray(times).round(3).astype(np.float32),
        next_doc=np.asarray(chosen, np.uint8) + np.uint8(1),
    )


if __name__ == "__main__":
    shapes()
    noisy_digits()
    ratings()
    histories()
