"""A trained model as bytes: booster, features, category maps, calibrator, golden inputs."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import lightgbm
import numpy as np

from watchfloor.core.arrays import FloatArray
from watchfloor.core.errors import ArtifactCorrupt
from watchfloor.ml.versions.blobs import get_blob
from watchfloor.tenants.models import Tenant

FORMAT = "watchfloor-lightgbm-1"
Features = Mapping[str, Any]
# How many loaded models a process keeps; a model of 200 trees takes about 5 MB.
LOADED_MODELS = 64


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model ready to score; equal bytes make equal scores on every machine."""

    sha256: str
    features: tuple[str, ...]
    categories: Mapping[str, Mapping[str, int]]
    booster: lightgbm.Booster
    knots: tuple[FloatArray, FloatArray]

    def score(self, rows: Sequence[Features]) -> FloatArray:
        """
        Return the calibrated probability of each row, shape (n,), in [0, 1].

        A feature that a row lacks is missing to the trees, as it was in training; a
        category never seen in training is missing too.
        """
        if not rows:
            return np.empty(0)
        matrix = encode(rows, features=self.features, categories=self.categories)
        margin = self.booster.predict(matrix, raw_score=True, num_threads=1)
        return np.interp(np.asarray(margin, dtype=np.float64), *self.knots)

    def score_each(self, rows: Sequence[Features]) -> list[float | None]:
        """
        Return the probability of each row, and None for a row it cannot read.

        A stranger may post a word where training had a number; its neighbours are scored.
        """
        try:
            return [float(score) for score in self.score(rows)]
        except (TypeError, ValueError):
            if len(rows) == 1:
                return [None]
            return [score for row in rows for score in self.score_each([row])]


def encode(
    rows: Sequence[Features],
    *,
    features: Sequence[str],
    categories: Mapping[str, Mapping[str, int]],
) -> FloatArray:
    """Return rows as the matrix the trees see, shape (n, features); missing is NaN."""
    matrix = np.full((len(rows), len(features)), np.nan)
    for column, name in enumerate(features):
        codes = categories.get(name)
        for line, row in enumerate(rows):
            value = row.get(name)
            if value is None:
                continue
            matrix[line, column] = (
                codes.get(str(value), math.nan) if codes is not None else float(value)
            )
    return matrix


def to_bytes(
    *,
    booster_text: str,
    features: Sequence[str],
    categories: Mapping[str, Mapping[str, int]],
    knots: tuple[FloatArray, FloatArray],
    golden: Sequence[Features],
) -> bytes:
    """Return the artifact's bytes; golden inputs are scored and kept with their exact outputs."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "features": list(features),
        "categories": {name: dict(codes) for name, codes in categories.items()},
        "knots": [[x.hex() for x in axis.tolist()] for axis in knots],
        "booster": booster_text,
    }
    scores = _loaded(body, sha256="").score(golden)
    body["golden"] = {"rows": list(golden), "scores": [float(s).hex() for s in scores]}
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def load(*, tenant: Tenant, sha256: str) -> Artifact:
    """
    Return the model of a digest, verified.

    Raises:
        NotFound: this tenant has no such artifact.
        ArtifactCorrupt: other bytes, another format, or a golden input scores differently.
    """
    return _load_cached(tenant.pk, tenant.code, sha256)


@lru_cache(maxsize=LOADED_MODELS)
def _load_cached(tenant_id: int, tenant_code: str, sha256: str) -> Artifact:
    # The digest names the bytes, so a cached model can never be out of date.
    content = get_blob(tenant=Tenant(pk=tenant_id, code=tenant_code), sha256=sha256)
    return from_bytes(content, sha256=sha256)


def from_bytes(content: bytes, *, sha256: str) -> Artifact:
    """
    Return the model that these bytes hold, after its golden inputs scored as they did.

    Raises:
        ArtifactCorrupt: another format, or a golden input scores differently.
    """
    body = json.loads(content)
    if body.get("format") != FORMAT:
        raise ArtifactCorrupt(f"{sha256[:12]} has format {body.get('format')!r}, not {FORMAT}")
    artifact = _loaded(body, sha256=sha256)
    scores = artifact.score(body["golden"]["rows"])
    if [float(score).hex() for score in scores] != body["golden"]["scores"]:
        raise ArtifactCorrupt(f"{sha256[:12]} scores its golden inputs differently")
    return artifact


def _loaded(body: Mapping[str, Any], *, sha256: str) -> Artifact:
    x, y = (np.array([float.fromhex(value) for value in axis]) for axis in body["knots"])
    return Artifact(
        sha256=sha256,
        features=tuple(body["features"]),
        categories=body["categories"],
        booster=lightgbm.Booster(model_str=body["booster"]),
        knots=(x, y),
    )
