"""``python keras_files.py keras|tf_keras FOLDER``: small models as either library saves them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1" if sys.argv[1] == "tf_keras" else "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

LEGACY = sys.argv[1] == "tf_keras"
if LEGACY:
    import tf_keras as keras
else:
    import keras
L = keras.layers
WORDS, LENGTH = 50, 12


def text():
    given = keras.Input((LENGTH,), dtype="int32")
    x = L.Embedding(WORDS, 16)(given)
    x = L.Add()([x, L.MultiHeadAttention(2, 8)(x, x)])
    x = L.LayerNormalization()(x)
    y = L.Dense(16)(L.Dense(32, activation="gelu")(x))
    x = L.GlobalAveragePooling1D()(L.Add()([x, y]))
    return keras.Model(given, L.Dense(3, activation="softmax")(L.Dropout(0.1)(x)))


def pictures():
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            L.Rescaling(1 / 255.0),
            L.Conv2D(6, 3, padding="same"),
            L.BatchNormalization(),
            L.ReLU(),
            L.MaxPooling2D(),
            L.DepthwiseConv2D(3),
            L.Flatten(),
            L.Dense(12, activation="relu"),
            L.Dense(10),
            L.Activation("softmax"),
        ]
    )


def recurrent():
    return keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int32"),
            L.Embedding(WORDS, 8, mask_zero=True),
            L.LSTM(6, return_sequences=True),
            L.GRU(5),
            L.Dense(3, activation="softmax"),
        ]
    )


def convolution():
    return keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int32"),
            L.Embedding(WORDS, 8),
            L.Conv1D(7, 3, padding="causal", dilation_rate=2),
            L.GlobalMaxPooling1D(),
            L.Dense(5),
        ]
    )


def main() -> None:
    folder, rng = Path(sys.argv[2]), np.random.default_rng(0)
    keras.utils.set_random_seed(3)
    for make in (text, pictures, recurrent, convolution):
        model = make()
        rows = rng.integers(1, WORDS, (9, LENGTH)).astype("int32")
        if make is pictures:
            rows = rng.integers(0, 256, (9, 8, 8, 1)).astype("float32")
        if make is recurrent:
            rows[:, 8:] = 0
        for suffix in ("keras", "h5"):
            model.save(folder / f"{make.__name__}.{suffix}")
        if LEGACY:
            model.save(folder / f"{make.__name__}.saved", save_format="tf")
        answers = np.asarray(model.predict(rows, verbose=0))
        np.savez(folder / f"{make.__name__}.npz", rows=rows, answers=answers)
    vectorised(folder)


def vectorised(folder: Path) -> None:
    """A model that takes strings, as Keras's own tutorials build it."""
    import tensorflow as tf

    texts = ["Where is my order?", "I want my money back!", "the shoe is broken, it's late"]
    cut = L.TextVectorization(max_tokens=40, output_sequence_length=LENGTH)
    cut.adapt(tf.constant(texts))
    given = keras.Input((1,), dtype="string")
    x = L.GlobalAveragePooling1D()(L.Embedding(40, 8)(cut(given)))
    model = keras.Model(given, L.Dense(3, activation="softmax")(x))
    model.save(folder / "words.keras")
    rows = [*texts, "MONEY, money; unknown words (here)"]
    answers = model(tf.constant([[row] for row in rows])).numpy()
    np.savez(folder / "words.npz", rows=np.array(rows), answers=answers)


if __name__ == "__main__":
    main()
