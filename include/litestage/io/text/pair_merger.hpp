// The loop of byte-pair encoding: joins the adjacent pair of lowest cost in a list of symbols, until no pair can be
// joined. A heap finds the pair, so that n symbols take O(n log n) time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace litestage::io {

struct Symbol {
  std::size_t begin = 0;  // position in the text
  std::size_t size = 0;   // in bytes; 0 after it was joined to its left neighbour
  int id = -1;            // the tokenizer's id of this text; -1: none
  int previous = -1;
  int next = -1;
};

struct Joined {
  double cost = 0;  // the lowest is joined first; ties go to the leftmost
  int id = -1;      // of the joined symbol; -1: the pair is never joined
};

// The pairs that a list of merges joins; the pair whose place in the list comes first is joined first.
class RankedMerges {
 public:
  // A pair that is there before keeps its place.
  void add(int left, int right, std::size_t rank, int joined) {
    merges_.emplace(key(left, right), Joined{static_cast<double>(rank), joined});
  }
  // A pair that is there before gets this place.
  void set(int left, int right, std::size_t rank, int joined) {
    merges_.insert_or_assign(key(left, right), Joined{static_cast<double>(rank), joined});
  }
  [[nodiscard]] Joined operator()(const Symbol& left, const Symbol& right) const {
    const auto merge = merges_.find(key(left.id, right.id));
    return merge == merges_.end() ? Joined{} : merge->second;
  }

 private:
  [[nodiscard]] static std::uint64_t key(int left, int right) {
    return (static_cast<std::uint64_t>(left) << 32) | static_cast<std::uint32_t>(right);
  }

  std::unordered_map<std::uint64_t, Joined> merges_;  // key: two ids
};

// Keeps its buffers between words.
class PairMerger {
 public:
  void clear() { symbols_.clear(); }
  // Appends a symbol after the last one.
  void append(std::size_t size, int id) {
    const int index = static_cast<int>(symbols_.size());
    const std::size_t begin = symbols_.empty() ? 0 : symbols_.back().begin + symbols_.back().size;
    if (!symbols_.empty()) symbols_.back().next = index;
    symbols_.push_back(Symbol{.begin = begin, .size = size, .id = id, .previous = index - 1});
  }

  // join(left symbol, right symbol) -> Joined.
  template <class Join>
  void run(Join&& join) {
    heap_.clear();
    for (std::size_t i = 1; i < symbols_.size(); ++i) consider(static_cast<int>(i) - 1, static_cast<int>(i), join);
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end());
      const Candidate best = heap_.back();
      heap_.pop_back();
      Symbol& left = symbols_[best.left];
      Symbol& right = symbols_[best.right];
      // One of the two was joined with its other neighbour since.
      if (left.size == 0 || right.size == 0 || left.size + right.size != best.size) continue;
      left.size = best.size;
      left.id = best.id;
      right.size = 0;
      left.next = right.next;
      if (left.next >= 0) symbols_[left.next].previous = best.left;
      consider(left.previous, best.left, join);
      consider(best.left, left.next, join);
    }
  }

  // Calls visit(symbol) for the remaining symbols, in order.
  template <class Visit>
  void each(Visit&& visit) const {
    for (int i = symbols_.empty() ? -1 : 0; i >= 0; i = symbols_[i].next) visit(symbols_[i]);
  }

 private:
  struct Candidate {
    double cost;
    int left;
    int right;
    int id;
    std::size_t size;
    // Order of the heap: the greatest comes first.
    friend bool operator<(const Candidate& a, const Candidate& b) {
      return a.cost > b.cost || (a.cost == b.cost && a.left > b.left);
    }
  };

  template <class Join>
  void consider(int left, int right, Join& join) {
    if (left < 0 || right < 0) return;
    const Joined joined = join(symbols_[left], symbols_[right]);
    if (joined.id < 0) return;
    heap_.push_back(Candidate{joined.cost, left, right, joined.id, symbols_[left].size + symbols_[right].size});
    std::push_heap(heap_.begin(), heap_.end());
  }

  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
};

}  // namespace litestage::io
