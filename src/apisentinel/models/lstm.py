"""The LSTM that expects the next request of a session: one step of it, by session.

The input side of a step is worked out once per token when the model is read, so a step multiplies
one short state with two kept matrices. The state of a session is kept in 16-bit fixed point, 128
bytes for 32 units; what that rounds away is far below what the network knows.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.models.arrays import pack_arrays, take, unpack_arrays
from apisentinel.models.base import Parts, part_of
from apisentinel.models.matrix import multiply_one32, padded_columns
from apisentinel.models.nearness import decay
from apisentinel.models.probability import sigmoid
from apisentinel.models.tokens import BEGIN, MAX_TOKENS

UNITS = 32
H_SCALE, C_SCALE = 32767.0, 2048.0
"""Fixed point of h, which is in [-1, 1], and of c, which is cut at ±15.99."""

IMPOSSIBLE = 30.0
"""Surprise in nats that is not exceeded."""


class LstmModel:
    """A trained LSTM over tokens."""

    name = "lstm"

    def __init__(
        self,
        inputs: npt.NDArray[np.float32],
        recurrent: npt.NDArray[np.float32],
        output: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32],
    ) -> None:
        """A network.

        Args:
            inputs: What a token adds to the gates, bias included, ``(n_tokens, 4 * UNITS)``, gates
                in the order input, forget, cell, output.
            recurrent: ``(UNITS, 4 * UNITS)``.
            output: ``(UNITS, n_tokens)``.
            bias: Of the output, ``(n_tokens,)``.

        Raises:
            IncompatibleModelError: The sizes do not fit.
        """
        tokens = len(inputs)
        shapes = (inputs.shape, recurrent.shape, output.shape, bias.shape)
        wanted = ((tokens, 4 * UNITS), (UNITS, 4 * UNITS), (UNITS, tokens), (tokens,))
        if shapes != wanted or not 1 < tokens <= MAX_TOKENS:
            raise IncompatibleModelError(f"an LSTM of the shapes {shapes}")
        if not all(np.isfinite(part).all() for part in (inputs, recurrent, output, bias)):
            raise IncompatibleModelError("an LSTM with weights that are no numbers")
        self.inputs, self.recurrent, self.output, self.bias = inputs, recurrent, output, bias
        self.n_tokens = tokens
        self._output = padded_columns(output)
        self._bias = np.full(self._output.shape[1], -1e4, np.float32)
        self._bias[:tokens] = bias

    def surprises(self, tokens: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Nats of each token of one session after those before it, ``(n_tokens,)``, with the state
        in full precision.
        """
        out = np.empty(tokens.size, np.float32)
        state = np.zeros((2, UNITS), np.float32)
        run_session(
            np.ascontiguousarray(tokens, np.int32),
            self.inputs,
            self.recurrent,
            self._output,
            self._bias,
            state,
            self._work(),
            out,
        )
        return out

    def step_many(
        self,
        state: npt.NDArray[np.int16],
        slots: npt.NDArray[np.int32],
        tokens: npt.NDArray[np.int32],
        fresh: npt.NDArray[np.uint8],
    ) -> npt.NDArray[np.float32]:
        """As `SequenceModel.step_many`, of the LSTM alone."""
        out = np.empty(slots.size, np.float32)
        step_sessions(
            state,
            slots,
            tokens,
            fresh,
            self.inputs,
            self.recurrent,
            self._output,
            self._bias,
            np.empty((2, UNITS), np.float32),
            self._work(),
            out,
        )
        return out

    def _work(self) -> npt.NDArray[Any]:
        return np.empty((1, max(self._output.shape[1], 4 * UNITS)), np.float32)

    def to_parts(self) -> Parts:
        """See `Model`."""
        arrays = {
            "inputs": self.inputs,
            "recurrent": self.recurrent,
            "output": self.output,
            "bias": self.bias,
        }
        return {f"{self.name}.safetensors": pack_arrays(arrays)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """See `Model`."""
        arrays = unpack_arrays(part_of(parts, f"{cls.name}.safetensors"))
        return cls(
            take(arrays, "inputs", "float32", None, None),
            take(arrays, "recurrent", "float32", None, None),
            take(arrays, "output", "float32", None, None),
            take(arrays, "bias", "float32", None),
        )


@inline
def _surprise(hidden, output, bias, token, work):
    """Nats of a token in a state: log of the sum of all exponentials, minus its own."""
    multiply_one32(hidden, output, work)
    width = output.shape[1]
    top = np.float32(-1e4)
    for j in range(width):
        work[0, j] += bias[j]
        if work[0, j] > top:
            top = work[0, j]
    own = np.float64(work[0, token])
    for j in range(width):
        work[0, j] = np.float32(decay(np.float64(top) - np.float64(work[0, j])))
    total = 0.0
    for j in range(0, width, 4):
        total += (np.float64(work[0, j]) + np.float64(work[0, j + 1])) + (
            np.float64(work[0, j + 2]) + np.float64(work[0, j + 3])
        )
    nats = np.float64(top) - own + np.log(total)
    return min(nats, IMPOSSIBLE)


@inline
def _step(state, inputs, recurrent, token, work):
    """Moves a state, h in row 0 and c in row 1, past a token."""
    multiply_one32(state[0:1], recurrent, work)
    row = inputs[token]
    gates = work[0]
    for u in range(2 * UNITS):  # three loops without branches, so that each runs in vectors
        gates[u] = np.float32(sigmoid(np.float64(gates[u] + row[u])))
    for u in range(2 * UNITS, 3 * UNITS):
        gates[u] = np.float32(2.0 * sigmoid(2.0 * np.float64(gates[u] + row[u])) - 1.0)
    for u in range(3 * UNITS, 4 * UNITS):
        gates[u] = np.float32(sigmoid(np.float64(gates[u] + row[u])))
    cells, hidden = state[1], state[0]
    for u in range(UNITS):
        cells[u] = gates[UNITS + u] * cells[u] + gates[u] * gates[2 * UNITS + u]
    for u in range(UNITS):
        out = 2.0 * sigmoid(2.0 * np.float64(cells[u])) - 1.0
        hidden[u] = np.float32(np.float64(gates[3 * UNITS + u]) * out)


@kernel(
    "void(int32[::1], float32[:,::1], float32[:,::1], float32[:,::1], float32[::1],"
    " float32[:,::1], float32[:,::1], float32[::1])"
)
def run_session(tokens, inputs, recurrent, output, bias, state, work, out):
    """Surprise of each token of one session, from its begin."""
    _step(state, inputs, recurrent, np.int64(BEGIN), work)
    for i in range(tokens.shape[0]):
        token = np.int64(tokens[i])
        if token < 0 or token >= inputs.shape[0]:
            token = np.int64(BEGIN)
        out[i] = np.float32(_surprise(state[0:1], output, bias, token, work))
        _step(state, inputs, recurrent, token, work)


@kernel(
    "void(int16[:,::1], int32[::1], int32[::1], uint8[::1], float32[:,::1], float32[:,::1],"
    " float32[:,::1], float32[::1], float32[:,::1], float32[:,::1], float32[::1])"
)
def step_sessions(kept, slots, tokens, fresh, inputs, recurrent, output, bias, state, work, out):
    """Surprise of one token of each slot, in order; the slot's state moves on."""
    for i in range(slots.shape[0]):
        slot, token = np.int64(slots[i]), np.int64(tokens[i])
        if token < 0 or token >= inputs.shape[0]:
            token = np.int64(BEGIN)
        if fresh[i]:
            for u in range(UNITS):
                state[0, u] = np.float32(0.0)
                state[1, u] = np.float32(0.0)
            _step(state, inputs, recurrent, np.int64(BEGIN), work)
        else:
            for u in range(UNITS):
                state[0, u] = np.float32(kept[slot, u]) / np.float32(H_SCALE)
                state[1, u] = np.float32(kept[slot, UNITS + u]) / np.float32(C_SCALE)
        out[i] = np.float32(_surprise(state[0:1], output, bias, token, work))
        _step(state, inputs, recurrent, token, work)
        for u in range(UNITS):
            cell = min(max(np.float64(state[1, u]) * C_SCALE, -32767.0), 32767.0)
            kept[slot, u] = np.int16(np.rint(np.float64(state[0, u]) * H_SCALE))
            kept[slot, UNITS + u] = np.int16(np.rint(cell))
