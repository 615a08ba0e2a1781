// Summarises a row of logits in one pass: the two largest logits, the likeliest token (the lowest id among equals), and
// the sums from which probabilities and entropy are computed. Several blocks share a row, and the last one to finish
// merges their summaries. The host reads 24 bytes per row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/kernels/rows/four.cuh"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// A summary of a subset of the logits z of a row. Sums are relative to the largest logit, so they do not overflow.
struct LogitSummary {
  float largest = -HUGE_VALF, second = -HUGE_VALF;
  float sum = 0;       // of exp(z - largest)
  float weighted = 0;  // of exp(z - largest) (z - largest)
  int token = -1;      // id of the largest logit
  int broken = 0;      // 1 if any of the logits is not finite
};

// The summary of one logit. As on the CPU, a NaN counts as -inf for the largest logit. It makes `sum` NaN here, and
// `weighted` when this summary is merged below that of a larger logit.
LITESTAGE_DEVICE LogitSummary summary_of(float z, int token) {
  const bool number = z == z;
  return {number ? z : -HUGE_VALF, -HUGE_VALF, number ? 1.0f : z, number ? 0.0f : z, token, z - z == 0.0f ? 0 : 1};
}

// Merges the summaries a and b. Symmetric to the bit, except for the bits of a NaN.
LITESTAGE_DEVICE LogitSummary merged(const LogitSummary& a, const LogitSummary& b) {
  LogitSummary top = b, low = a;
  if (a.token >= 0 && (b.token < 0 || a.largest > b.largest || (a.largest == b.largest && a.token < b.token))) {
    top = a;
    low = b;
  }
  top.second = low.largest > top.second ? low.largest : top.second;
  top.broken |= low.broken;
  const float shift = low.largest - top.largest;  // <= 0; -inf if all logits of `low` are -inf or it is empty
  const float factor = exponential(shift);
  if (factor > 0.0f || low.sum != low.sum) {
    top.sum = fmaf(factor, low.sum, top.sum);
    top.weighted = top.weighted + factor * fmaf(shift, low.sum, low.weighted);
  }
  return top;
}

struct TokenSummary {
  static constexpr const char* name = "token_summary";
  static constexpr unsigned threads = 256, warps = threads / warp_size;
  static constexpr unsigned chunk = 4096;  // logits per block; a multiple of 4
  struct Params {
    const float* logits = nullptr;  // [n, vocab]
    unsigned n = 0, vocab = 0;
    LogitSummary* partial = nullptr;  // [n, blocks(vocab)]
    int* finished = nullptr;          // [n] must be zero before the launch; zero again afterwards
    LogitSummary* summary = nullptr;  // [n]
    friend bool operator==(const Params&, const Params&) = default;
  };
  [[nodiscard]] LITESTAGE_HOST_DEVICE static constexpr unsigned blocks(unsigned vocab) {
    return (vocab + chunk - 1) / chunk;
  }
  static std::size_t shared_bytes(const Params&) { return warps * sizeof(LogitSummary) + sizeof(int); }
  static Grid grid(const Params& p) { return {p.n, blocks(p.vocab)}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned first = t.block().y * chunk, i = t.block().x, n = blocks(p.vocab);
    const unsigned last = first + chunk < p.vocab ? first + chunk : p.vocab;
    const float* logits = p.logits + static_cast<std::size_t>(i) * p.vocab;
    LogitSummary s;
    for (unsigned v = first / 4 + t.thread(); 4 * v < last; v += threads) {
      const Four z = load_four(t, logits, v, p.vocab);
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < 4; ++j) {
        if (4 * v + j < last) s = merged(s, summary_of(z.value[j], static_cast<int>(4 * v + j)));
      }
    }
    s = of_block(t, s);
    LogitSummary* partial = p.partial + static_cast<std::size_t>(i) * n;
    if (t.thread() == 0) put(t, n == 1 ? p.summary + i : partial + t.block().y, s);
    if (n == 1 || !last_block(t, p.finished + i, n)) return;
    s = LogitSummary{};
    for (unsigned c = t.thread(); c < n; c += threads) s = merged(s, get(t, partial + c));
    s = of_block(t, s);
    if (t.thread() == 0) put(t, p.summary + i, s);
  }

 private:
  // Merges the summaries of all threads; the result is in thread 0.
  template <class C>
  LITESTAGE_DEVICE static LogitSummary of_block(C& t, LogitSummary s) {
    LITESTAGE_UNROLL
    for (unsigned mask = warp_size / 2; mask > 0; mask /= 2) {
      LogitSummary other;
      other.largest = t.shfl_xor(s.largest, mask);
      other.second = t.shfl_xor(s.second, mask);
      other.sum = t.shfl_xor(s.sum, mask);
      other.weighted = t.shfl_xor(s.weighted, mask);
      other.token = t.shfl_xor(s.token, mask);
      other.broken = t.shfl_xor(s.broken, mask);
      s = merged(s, other);
    }
    LogitSummary* of_warps = t.template shared<LogitSummary>(0);
    t.sync();  // all threads have read the values stored there before
    if (lane(t) == 0) of_warps[warp(t)] = s;
    t.sync();
    if (t.thread() == 0) {
      for (unsigned k = 1; k < warps; ++k) s = merged(s, of_warps[k]);
    }
    return s;
  }
  template <class C>
  LITESTAGE_DEVICE static bool last_block(C& t, int* counter, unsigned n) {
    int* last = t.template shared<int>(warps * sizeof(LogitSummary));
    if (t.thread() == 0) {  // the only thread of the block that has stored data
      t.fence();
      *last = t.atomic_add(counter, 1) == static_cast<int>(n) - 1;
      if (*last != 0) t.atomic_add(counter, -static_cast<int>(n));
      t.fence();
    }
    t.sync();
    return *last != 0;
  }
  template <class C>
  LITESTAGE_DEVICE static void put(C& t, LogitSummary* to, const LogitSummary& s) {
    t.store(&to->largest, s.largest);
    t.store(&to->second, s.second);
    t.store(&to->sum, s.sum);
    t.store(&to->weighted, s.weighted);
    t.store(&to->token, s.token);
    t.store(&to->broken, s.broken);
  }
  template <class C>
  LITESTAGE_DEVICE static LogitSummary get(C& t, const LogitSummary* from) {
    LogitSummary s;
    s.largest = t.load_fresh(&from->largest);
    s.second = t.load_fresh(&from->second);
    s.sum = t.load_fresh(&from->sum);
    s.weighted = t.load_fresh(&from->weighted);
    s.token = t.load_fresh(&from->token);
    s.broken = t.load_fresh(&from->broken);
    return s;
  }
};

// The `count` largest logits of a row, descending; among equals the lowest id comes first. It reads the row once per
// result, which needs no memory; few policies use it.
struct TopLogits {
  static constexpr const char* name = "top_logits";
  static constexpr unsigned threads = 1024, warps = threads / warp_size;
  struct Params {
    const float* logits = nullptr;  // [n, vocab]
    unsigned n = 0, vocab = 0, count = 0;
    float* top = nullptr;  // [n, count]; -inf past the vocabulary
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return warps * sizeof(Candidate); }
  static Grid grid(const Params& p) { return {p.n}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const float* logits = p.logits + static_cast<std::size_t>(t.block().x) * p.vocab;
    Candidate before{HUGE_VALF, -1};
    for (unsigned k = 0; k < p.count; ++k) {
      Candidate best{-HUGE_VALF, static_cast<int>(p.vocab)};
      for (unsigned v = t.thread(); 4 * v < p.vocab; v += threads) {
        const Four z = load_four(t, logits, v, p.vocab);
        LITESTAGE_UNROLL
        for (unsigned j = 0; j < 4; ++j) {
          const Candidate c{z.value[j], static_cast<int>(4 * v + j)};
          if (4 * v + j < p.vocab && ahead(before, c) && ahead(c, best)) best = c;
        }
      }
      before = of_block(t, best);
      if (t.thread() == 0) t.store(p.top + static_cast<std::size_t>(t.block().x) * p.count + k, before.logit);
    }
  }

 private:
  struct Candidate {
    float logit;
    int token;
  };
  LITESTAGE_DEVICE static bool ahead(const Candidate& a, const Candidate& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
  }
  // Returns the best candidate of all threads, in every thread.
  template <class C>
  LITESTAGE_DEVICE static Candidate of_block(C& t, Candidate best) {
    LITESTAGE_UNROLL
    for (unsigned mask = warp_size / 2; mask > 0; mask /= 2) {
      const Candidate other{t.shfl_xor(best.logit, mask), t.shfl_xor(best.token, mask)};
      if (ahead(other, best)) best = other;
    }
    auto* of_warps = t.template shared<Candidate>(0);
    t.sync();  // all threads have read the values stored there before
    if (lane(t) == 0) of_warps[warp(t)] = best;
    t.sync();
    for (unsigned k = 0; k < warps; ++k) {
      if (ahead(of_warps[k], best)) best = of_warps[k];
    }
    return best;
  }
};

}  // namespace litestage::kernels
