"""MobileNetV2 with a head for cells. Defined once; training, export and the reference runtime build it here."""

from __future__ import annotations

from pathlib import Path

import keras

TEXTURED = "block_12_add"  # whose output tells texture: (N, size / 16, size / 16, 96), of either sign
HALFWAY = "block_3_project_BN"  # where the lower half of the base ends: (N, size / 8, size / 8, 32), of either sign


def build(size: int, classes: int, weights: Path | None) -> keras.Model:
    """Input (N, size, size, 3) float32 RGB in 0..255 -> logits (N, classes); rescaling is part of the model.

    `weights` is the file of ImageNet weights, or None for Keras's own download. Every BatchNormalization layer is
    `trainable = False`: `base(x, training=False)` alone does not keep its statistics still during `fit` (Keras 3.15),
    and moving statistics are what break a model at the next laboratory.
    """
    base = keras.applications.MobileNetV2(
        input_shape=(size, size, 3), include_top=False, weights=str(weights) if weights else "imagenet"
    )
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    picture = keras.Input((size, size, 3), name="picture")
    features = base(keras.layers.Rescaling(1 / 127.5, offset=-1, name="to_unit_range")(picture))
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(features)
    logits = keras.layers.Dense(classes, dtype="float32", name="logits")(
        keras.layers.Dropout(0.2, name="dropout")(pooled)
    )
    return keras.Model(picture, logits, name="wbc_mobilenetv2")


def set_base_trainable(model: keras.Model, trainable: bool) -> None:
    """Freeze or free every layer of the base but BatchNormalization, which stays still."""
    for layer in base_of(model).layers:
        if not isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = trainable


def serving_model(model: keras.Model) -> keras.Model:
    """The same network with its outputs by name: `logits` (N, classes); `features` (N, h, w, 1280), the last feature
    map before pooling; `texture` (N, 96), as of `texture_of`. Softmax comes after temperature, outside."""
    base = base_of(model)
    picture = keras.Input(model.input_shape[1:], name="picture")
    textured = keras.Model(base.input, [features_of(base), texture_of(base)], name=base.name)
    features, texture = textured(model.get_layer("to_unit_range")(picture))
    logits = model.get_layer("logits")(model.get_layer("pool")(features))
    return keras.Model(picture, {"logits": logits, "features": features, "texture": texture}, name=model.name)


def features_of(base: keras.Model) -> keras.KerasTensor:
    """(N, h, w, 1280): the last feature map of a MobileNetV2."""
    return base.get_layer("out_relu").output


def texture_of(base: keras.Model) -> keras.KerasTensor:
    """(N, 96): the standard deviation of each channel of `TEXTURED` over the places of the map."""
    return keras.ops.std(base.get_layer(TEXTURED).output, axis=(1, 2))


def base_of(model: keras.Model) -> keras.Model:
    """The MobileNetV2 inside."""
    return next(layer for layer in model.layers if isinstance(layer, keras.Model))


def halves(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """A network as `build` or `serving_model` makes it, cut at `HALFWAY`: from pictures to what the network makes of
    them there, and on from there to logits, by way of dropout. The layers are the network's own."""
    base = base_of(model)
    halfway = base.get_layer(HALFWAY).output
    picture = keras.Input(model.input_shape[1:], name="picture")
    lower = keras.Model(picture, keras.Model(base.input, halfway)(model.get_layer("to_unit_range")(picture)))
    pooled = keras.layers.Dropout(0.2, name="dropout")(model.get_layer("pool")(features_of(base)))
    return lower, keras.Model(halfway, model.get_layer("logits")(pooled))


def upper_features(model: keras.Model) -> keras.Model:
    """From what the network makes of pictures at `HALFWAY` to what it is pooled to, (N, 1280), and to its texture."""
    base = base_of(model)
    return keras.Model(base.get_layer(HALFWAY).output, [model.get_layer("pool")(features_of(base)), texture_of(base)])
