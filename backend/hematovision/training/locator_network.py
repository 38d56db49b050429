"""The locator's network: MobileNetV2 brought back up to a quarter of the window's side, joined on the way with what it
saw there (a feature pyramid: Lin et al., arXiv:1612.03144)."""

from __future__ import annotations

from pathlib import Path

import keras
from keras import layers, ops

from hematovision.locator import WINDOW

LEVELS = ("block_16_project_BN", "block_13_expand_relu", "block_6_expand_relu", "block_3_expand_relu")
CHANNELS = (128, 96, 64, 48)  # at 32, 16, 8 and 4 px a place
KEPT_STILL = "block_3_expand_BN"  # everything up to here stays as ImageNet left it: edges and colours
BEFORE_SIGMOID = -3.0  # the heat that training starts from: nearly everywhere there is no centre


def build(weights: Path | None) -> keras.Model:
    """Input (N, 256, 256, 3) float32 RGB in 0..255 -> (N, 64, 64, 7): logits of the heat of three kinds, then centre
    minus place and log width, log height in units of 4 px.

    `weights` is the file of ImageNet weights, or None for Keras's own download. BatchNormalization stays still.
    """
    base = keras.applications.MobileNetV2(
        input_shape=(WINDOW, WINDOW, 3), include_top=False, weights=str(weights) if weights else "imagenet"
    )
    trunk = keras.Model(base.input, [base.get_layer(name).output for name in LEVELS], name="trunk")
    still = True
    for layer in trunk.layers:
        layer.trainable = not (still or isinstance(layer, layers.BatchNormalization))
        still = still and layer.name != KEPT_STILL

    picture = keras.Input((WINDOW, WINDOW, 3), name="picture")
    deepest, *finer = trunk(layers.Rescaling(1 / 127.5, offset=-1, name="to_unit_range")(picture))
    x = layers.Conv2D(CHANNELS[0], 1, activation="relu")(deepest)
    x = _separable(_separable(x, CHANNELS[0]), CHANNELS[0])
    for level, channels in zip(finer, CHANNELS[1:], strict=True):
        up = layers.UpSampling2D(2, interpolation="nearest")(layers.Conv2D(channels, 1)(x))
        x = layers.ReLU()(layers.Add()([up, layers.Conv2D(channels, 1)(level)]))
        x = _separable(x, channels)
    heat = layers.Conv2D(3, 1, bias_initializer=keras.initializers.Constant(BEFORE_SIGMOID), name="heat_logits")(x)
    boxes = layers.Conv2D(4, 1, name="box_offsets")(x)
    return keras.Model(picture, layers.Concatenate(name="answer")([heat, boxes]), name="locator")


def loss(wanted: keras.KerasTensor, answer: keras.KerasTensor) -> keras.KerasTensor:
    """Penalty-reduced focal loss of the heat, each kind by its number of cells (Zhou et al., arXiv:1904.07850), and
    smooth L1 of the box in units of its own size, so that a platelet's edge weighs as much as a large cell's.

    `wanted` is (N, 64, 64, 11) as of `targets.wanted`.
    """
    heat, counts, offsets, weight = wanted[..., :3], wanted[..., 3:6], wanted[..., 6:10], wanted[..., 10:]
    hot = ops.clip(ops.sigmoid(answer[..., :3]), 1e-5, 1 - 1e-5)
    centre = ops.cast(heat > 0.999, "float32")
    missed = -ops.log(hot) * (1 - hot) ** 2 * centre
    invented = -ops.log(1 - hot) * hot**2 * (1 - heat) ** 4 * (1 - centre)
    cells = ops.sum(centre * counts, axis=(0, 1, 2))
    heat_loss = ops.mean(ops.sum((missed + invented) * counts, axis=(0, 1, 2)) / ops.maximum(cells, 2.0))

    size = ops.exp(offsets[..., 2:])
    off_centre = ops.abs(answer[..., 3:5] - offsets[..., :2]) / size
    off_size = ops.abs(answer[..., 5:] - offsets[..., 2:])
    off = ops.concatenate([off_centre, off_size], axis=-1)
    smooth = ops.where(off < 0.1, off * off / 0.2, off - 0.05)
    box_loss = ops.sum(smooth * weight) / ops.maximum(ops.sum(weight), 1.0)
    return heat_loss + 3 * box_loss


def _separable(x: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    return layers.SeparableConv2D(channels, 3, padding="same", activation="relu")(x)
