"""llama.cpp through the low-level interface of llama-cpp-python: one C call for each batch."""

import ctypes

import llama_cpp
import numpy as np


class LlamaCpp:
    """One model and its sequences, each of up to `context` positions.

    `kv`: "f16" or "f32". `flash`: "auto" (llama.cpp's default) or "off".
    """

    def __init__(self, path, threads, context, kv="f16", flash="auto", sequences=1):
        llama_cpp.llama_log_set(_silent, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        parameters = llama_cpp.llama_model_default_params()
        parameters.n_gpu_layers = 0
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), parameters)
        if not self.model:
            raise SystemExit(f"{path}: llama.cpp cannot load this file")
        options = llama_cpp.llama_context_default_params()
        options.n_ctx = context * sequences
        options.n_seq_max = sequences
        options.n_batch = min(context * sequences, 2048)
        options.n_threads = options.n_threads_batch = threads
        options.type_k = options.type_v = {"f16": llama_cpp.GGML_TYPE_F16, "f32": llama_cpp.GGML_TYPE_F32}[kv]
        options.flash_attn_type = {"auto": llama_cpp.LLAMA_FLASH_ATTN_TYPE_AUTO,
                                   "off": llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED}[flash]
        self.context = llama_cpp.llama_init_from_model(self.model, options)
        if not self.context:
            raise SystemExit(f"{path}: llama.cpp cannot make a context of {sequences} x {context} positions")
        self.vocab = llama_cpp.llama_model_get_vocab(self.model)
        self.n_vocab = llama_cpp.llama_vocab_n_tokens(self.vocab)
        self.batch = llama_cpp.llama_batch_init(options.n_batch, 0, 1)
        self.one = llama_cpp.llama_batch_init(1, 0, 1)

    def close(self):
        llama_cpp.llama_batch_free(self.batch)
        llama_cpp.llama_batch_free(self.one)
        llama_cpp.llama_free(self.context)
        llama_cpp.llama_model_free(self.model)

    def clear(self):
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)

    def tokenize(self, text):
        """Ids of a text. Control tokens in it are plain text; a BOS token is added only if the file says so."""
        ids = (ctypes.c_int32 * (len(text) + 8))()
        n = llama_cpp.llama_tokenize(self.vocab, text, len(text), ids, len(ids), True, False)
        return list(ids[:n])

    def fill(self, batch, tokens, first, every):
        """Prepares a batch: tokens at positions first, first + 1, ...; logits of every token, or of the last one."""
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = first + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = int(every or i + 1 == len(tokens))

    def decode(self, batch):
        if llama_cpp.llama_decode(self.context, batch) != 0:
            raise SystemExit("llama_decode failed")

    def logits(self, tokens, step=128):
        """float32 [len(tokens), vocab]: row i follows token i."""
        self.clear()
        rows = np.empty((len(tokens), self.n_vocab), dtype=np.float32)
        for first in range(0, len(tokens), step):
            part = tokens[first : first + step]
            self.fill(self.batch, part, first, every=True)
            self.decode(self.batch)
            flat = llama_cpp.llama_get_logits(self.context)
            rows[first : first + len(part)] = np.ctypeslib.as_array(flat, shape=(len(part), self.n_vocab))
        return rows


@llama_cpp.llama_log_callback
def _silent(level, text, user_data):
    pass
