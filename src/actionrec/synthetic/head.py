"""The head's colours and normals, from the face's texture."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from actionrec.synthetic.actors import Actor
from actionrec.synthetic.face import HALF_HEIGHT, HALF_WIDTH, FaceTexture
from actionrec.synthetic.figure import HeadFrame
from actionrec.synthetic.raster import Floats


class HeadShader:
    """Colours and normals of the head from the face's texture; see :data:`actionrec.synthetic.raster.Shader`."""

    def __init__(self, actor: Actor, head: HeadFrame, face: FaceTexture) -> None:
        self._face, self._look = face, actor.face
        self._hair = np.array(actor.face.hair, np.float32)
        self._centre = head.centre.astype(np.float32)
        self._rotation = head.rotation.astype(np.float32)
        self._scale = np.float32(head.scale)

    def _local(self, points: Floats) -> Floats:
        return cast(Floats, ((points - self._centre) / self._scale) @ self._rotation)

    def skin(self, points: Floats, normals: Floats) -> tuple[Floats, Floats, None]:
        local, normal = self._local(points), normals @ self._rotation
        face = self._face
        height, width = face.slope_x.shape
        map_x = ((local[:, 0] / HALF_WIDTH + 1) * (0.5 * width) - 0.5).astype(np.float32)[None]
        map_y = ((1 - local[:, 1] / HALF_HEIGHT) * (0.5 * height) - 0.5).astype(np.float32)[None]
        colour = cv2.remap(face.colour, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
        if not self._look.bald:
            colour[(local[:, 2] < 0) & (local[:, 1] > -0.05)] = self._hair
        facing = np.clip(normal[:, 2] * 2.5, 0, 1)
        normal[:, 0] -= cv2.remap(face.slope_x, map_x, map_y, cv2.INTER_LINEAR)[0] * facing
        normal[:, 1] -= cv2.remap(face.slope_y, map_x, map_y, cv2.INTER_LINEAR)[0] * facing
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        return colour, normal @ self._rotation.T, None

    def cap_of_hair(self, points: Floats, normals: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Strands; the cap is cut open for the face and ends above the neck."""
        local = self._local(points)
        x, y, z = local.T
        over_face = (z > 0.005) & (y < self._look.hairline - 0.004)
        keep = ~(over_face | (y < -0.06)) & ~((z > -0.01) & (y < 0.03))
        strands = 1 + 0.18 * np.sin(x * 900 + 3 * np.sin(y * 120))
        return (self._hair * strands[:, None]).astype(np.float32), normals, keep
