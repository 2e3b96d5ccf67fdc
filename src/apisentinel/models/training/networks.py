"""Trains the two networks with Keras on JAX and reads their weights."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.models.base import Table
from apisentinel.models.dnn import DnnModel
from apisentinel.models.lstm import UNITS, LstmModel
from apisentinel.models.tokens import BEGIN, TokenSessions
from apisentinel.models.training.libraries import library

LAYERS = (64, 32)
BATCH = 512
WINDOWS, WINDOW_BATCH, WINDOW_STEPS = 4_000, 64, 220
"""Windows of tokens and those of a step: small batches take a third of the time of large ones to
come as far. After so many steps progress ends.
"""
MAX_ROWS = 60_000
"""Rows of one epoch; more change little."""


class NetworkSettings(NamedTuple):
    """How networks are trained.

    Attributes:
        layers: Widths of the hidden layers.
        dropout: Share of values that training leaves out.
        rate: Learning rate of Adam.
        epochs: Passes over the rows at most.
        patience: Passes without progress on held-back rows until training stops.
        batch: Rows of a step; of few rows it is a twentieth.
    """

    layers: tuple[int, ...] = LAYERS
    dropout: float = 0.2
    rate: float = 2e-3
    epochs: int = 30
    patience: int = 3
    batch: int = BATCH


def fit_dnn(
    table: Table,
    labels: npt.NDArray[Any],
    weights: npt.NDArray[np.float64],
    *,
    seed: int,
    settings: NetworkSettings | None = None,
) -> DnnModel:
    """A dense network on scaled features; labels may be soft.

    Args:
        table: Scaled, ``(n_rows, n_features)``, NaN allowed.
        labels: 0 to 1, ``(n_rows,)``.
        weights: What a row counts, ``(n_rows,)``.
        seed: Of the weights, the order, and the rows held back.
        settings: How.
    """
    settings = settings or NetworkSettings()
    keras = library("keras")
    keras.utils.set_random_seed(seed)
    order = np.random.default_rng(seed).permutation(len(table))[:MAX_ROWS]
    rows = np.asarray(table, np.float32)[order]
    x = np.concatenate([np.nan_to_num(rows), np.isnan(rows).astype(np.float32)], axis=1)
    y, w = np.asarray(labels, np.float32)[order], np.asarray(weights, np.float32)[order]
    layers: list[Any] = [keras.Input((x.shape[1],))]
    for width in settings.layers:
        layers += [keras.layers.Dense(width, "relu"), keras.layers.Dropout(settings.dropout)]
    network = keras.Sequential([*layers, keras.layers.Dense(1, "sigmoid")])
    network.compile(keras.optimizers.Adam(settings.rate), "binary_crossentropy")
    _fit(keras, network, (x, y, w), settings)
    dense = [layer for layer in network.layers if layer.weights]
    parts = [[np.asarray(part, np.float32) for part in layer.get_weights()] for layer in dense]
    return DnnModel([weight for weight, _ in parts], [bias for _, bias in parts])


def _fit(keras: Any, network: Any, data: tuple[Any, Any, Any], settings: NetworkSettings) -> None:
    """Trains until held-back rows, the last tenth, show no progress."""
    x, y, w = data
    batch = min(settings.batch, max(8, len(x) // 20))
    held = max(1, len(x) // 10)
    if held > batch:
        # whole batches only: one of another size has to be compiled anew, which takes longer than
        # several passes
        held -= held % batch
    learned = len(x) - held
    learned -= learned % batch if learned > batch else 0
    stop = keras.callbacks.EarlyStopping(
        "val_loss", patience=settings.patience, restore_best_weights=True
    )
    network.fit(
        x[:learned],
        y[:learned],
        sample_weight=w[:learned],
        validation_data=(x[-held:], y[-held:], w[-held:]),
        epochs=settings.epochs,
        batch_size=batch,
        callbacks=[stop],
        shuffle=True,
        verbose=0,
    )


def fit_lstm(
    sessions: TokenSessions,
    *,
    seed: int,
    settings: NetworkSettings | None = None,
    length: int = 32,
    windows: int = WINDOWS,
) -> LstmModel:
    """An LSTM that expects the next token of a session.

    Args:
        sessions: To learn from.
        seed: Of the weights, the order, and the windows held back.
        settings: How; by default as many passes as `WINDOW_STEPS` take.
        length: Tokens of a window.
        windows: Windows at most, drawn evenly.
    """
    keras = library("keras")
    keras.utils.set_random_seed(seed)
    before, after, counts = _windows(sessions, length, windows, seed)
    if settings is None:
        passes = WINDOW_STEPS * min(WINDOW_BATCH, max(8, len(before) // 20)) // len(before) + 1
        settings = NetworkSettings(epochs=min(30, passes), patience=2, batch=WINDOW_BATCH)
    network = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            keras.layers.Embedding(sessions.n_tokens, 16),
            keras.layers.LSTM(UNITS, return_sequences=True),
            keras.layers.Dropout(settings.dropout),
            keras.layers.Dense(sessions.n_tokens),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(2 * settings.rate), loss)
    _fit(keras, network, (before, after, counts), settings)
    return read_lstm(network)


def read_lstm(network: Any) -> LstmModel:
    """Our model of embedding, LSTM and dense layer."""
    layers = [layer for layer in network.layers if layer.weights]
    ((embedding,), (kernel, recurrent, bias), (output, output_bias)) = (
        [np.asarray(part, np.float64) for part in layer.get_weights()] for layer in layers
    )
    return LstmModel(
        *(
            np.ascontiguousarray(part, np.float32)
            for part in (embedding @ kernel + bias, recurrent, output, output_bias)
        )
    )


def _windows(
    sessions: TokenSessions, length: int, most: int, seed: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Tokens before and after, and 1 where a window holds a token, ``(n_windows, length)`` each."""
    tokens, offsets, _ = sessions
    starts, ends = [], []
    for begin, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        for at in range(begin, end, length):
            starts.append((begin, at))
            ends.append(min(at + length, end))
        if len(starts) > 20 * most:
            break
    chosen = np.random.default_rng(seed).permutation(len(starts))[:most]
    before = np.full((chosen.size, length), BEGIN, np.int32)
    after = np.full((chosen.size, length), BEGIN, np.int32)
    counts = np.zeros((chosen.size, length), np.float32)
    for row, window in enumerate(chosen.tolist()):
        (begin, at), end = starts[window], ends[window]
        after[row, : end - at] = tokens[at:end]
        before[row, 1 : end - at] = tokens[at : end - 1]
        if at > begin:
            before[row, 0] = tokens[at - 1]
        counts[row, : end - at] = 1.0
    return before, after, counts
