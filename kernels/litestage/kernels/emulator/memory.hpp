// The global memory of the emulated device. It knows the exact bounds of every allocation, counts the sectors that a
// launch accesses, and records which block wrote each word, so that it can report a block that reads unpublished data
// of a different block.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "litestage/kernels/emulator/traffic.hpp"

namespace litestage::kernels::emulator {

// A mistake in a kernel: an operation whose result is undefined on a GPU.
class KernelError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Accesses are checked between `begin_launch` and `end_launch`.
class GlobalMemory {
 public:
  static constexpr std::size_t sector = 32, alignment = 256;  // as cudaMalloc aligns

  // Allocates memory filled with NaN, because GPU memory is not initialised.
  [[nodiscard]] void* allocate(std::size_t bytes) {
    auto block = std::make_unique<Allocation>(bytes);
    void* at = block->data;
    std::memset(at, 0xff, bytes);
    allocations_[address(at)] = std::move(block);
    return at;
  }
  void release(void* at) {
    recent_ = nullptr;
    allocations_.erase(address(at));
  }
  [[nodiscard]] std::size_t allocated() const {
    std::size_t bytes = 0;
    for (const auto& [at, allocation] : allocations_) bytes += allocation->bytes;
    return bytes;
  }

  void begin_launch() {
    writers_.clear();
    blocks_.clear();  // left over if the last launch ended with an error
    for (auto& [at, allocation] : allocations_) {
      allocation->loaded.clear(allocation->sectors());
      allocation->stored.clear(allocation->sectors());
      allocation->constant.clear(allocation->words());
    }
  }
  void end_launch(Traffic& traffic) const {
    for (const auto& [at, allocation] : allocations_) {
      traffic.distinct_loaded += allocation->loaded.count() * sector;
      traffic.distinct_stored += allocation->stored.count() * sector;
    }
  }

  // The three functions below return an error message for an access, or nullptr. The message is the end of a sentence
  // whose beginning, written by the caller, names the thread.
  [[nodiscard]] const char* load(const void* from, std::size_t bytes, std::uint64_t block, bool fresh) {
    Allocation* allocation = find(from, bytes);
    if (allocation == nullptr) return "loads outside of every allocation";
    if (address(from) % bytes != 0) return "loads from a misaligned address";
    mark(allocation->loaded, *allocation, from, bytes, sector);
    if (!fresh) mark(allocation->constant, *allocation, from, bytes, 4);
    if (writers_.empty()) return nullptr;
    for (std::uintptr_t word = word_of(from); word * 4 < address(from) + bytes; ++word) {
      const auto writer = writers_.find(word);
      if (writer == writers_.end()) continue;
      if (!fresh) return "loads as constant a word that this launch stores";
      if (writer->second.unseen_by(block))
        return "loads a word that another block stored without fence and atomic operation";
      if (writer->second.of_another(block) && !blocks_[block].sees(writer->second.ticket)) {
        return "loads a word that another block stored, without a fence after the atomic operation that shows it is "
               "stored";
      }
    }
    return nullptr;
  }
  [[nodiscard]] const char* store(const void* to, std::size_t bytes, std::uint64_t block) {
    if (const char* wrong = change(to, bytes)) return wrong;
    for (std::uintptr_t word = word_of(to); word * 4 < address(to) + bytes; ++word) {
      Writer& writer = writers_[word];
      // A fence does not help here, because the two blocks do not wait for each other. The two halves of a word may
      // have different writers.
      if (bytes >= 4 && writer.block != none && writer.block != atomic && writer.block != block) {
        return "stores to a word that another block has stored";
      }
      writer = Writer{block, none_taken};
    }
    blocks_[block].stored.push_back({word_of(to), (bytes + 3) / 4});
    return nullptr;
  }
  [[nodiscard]] const char* atomic_add(const void* at, std::size_t bytes, std::uint64_t block) {
    if (const char* wrong = change(at, bytes)) return wrong;
    Writer& writer = writers_[word_of(at)];
    if (writer.unseen_by(block)) return "adds to a word that another block stored without fence and atomic operation";
    writer = Writer{atomic, none_taken};
    Progress& own = blocks_[block];
    for (const Words& words : own.fenced) {
      for (std::size_t i = 0; i < words.count; ++i) writers_[words.first + i].ticket = word_of(at);
    }
    own.fenced.clear();
    own.taken.push_back(word_of(at));
    return nullptr;
  }
  // A fence of `block`. A ticket is an atomic operation on a word. The stores of `block` before the fence are published
  // by the next ticket that it takes, to every block that takes a ticket on the same word later and then fences.
  // `block` itself now sees the stores that were published by the tickets it has taken.
  void fence(std::uint64_t block) {
    Progress& own = blocks_[block];
    own.fenced.insert(own.fenced.end(), own.stored.begin(), own.stored.end());
    own.stored.clear();
    own.seen.insert(own.seen.end(), own.taken.begin(), own.taken.end());
    own.taken.clear();
  }
  void end_block(std::uint64_t block) { blocks_.erase(block); }

 private:
  // Special values that denote no block.
  static constexpr std::uint64_t none = ~std::uint64_t{0}, atomic = none - 1;
  static constexpr std::uintptr_t none_taken = 0;
  // A set of parts (sectors or words) of an allocation, and its size.
  class Parts {
   public:
    void clear(std::size_t n) {
      held_.assign(n, false);
      count_ = 0;
    }
    void add(std::size_t i) {
      count_ += held_[i] ? 0 : 1;
      held_[i] = true;
    }
    [[nodiscard]] bool has(std::size_t i) const { return held_[i]; }
    [[nodiscard]] std::uint64_t count() const { return count_; }

   private:
    std::vector<bool> held_;
    std::uint64_t count_ = 0;
  };
  struct Allocation {
    explicit Allocation(std::size_t size)
        : bytes(size), data(static_cast<unsigned char*>(::operator new(size, std::align_val_t(alignment)))) {}
    ~Allocation() { ::operator delete(data, std::align_val_t(alignment)); }
    Allocation(const Allocation&) = delete;
    Allocation& operator=(const Allocation&) = delete;
    [[nodiscard]] std::size_t sectors() const { return (bytes + sector - 1) / sector; }
    [[nodiscard]] std::size_t words() const { return (bytes + 3) / 4; }
    std::size_t bytes;
    unsigned char* data;
    // For the current launch:
    Parts loaded, stored;  // sectors
    Parts constant;        // words loaded by t.load, which must not be written in this launch
  };
  struct Writer {
    std::uint64_t block = none;
    std::uintptr_t ticket = none_taken;  // the word whose ticket published the store, after a fence
    [[nodiscard]] bool of_another(std::uint64_t reader) const {
      return block != none && block != atomic && block != reader;
    }
    [[nodiscard]] bool unseen_by(std::uint64_t reader) const { return of_another(reader) && ticket == none_taken; }
  };
  struct Words {
    std::uintptr_t first;
    std::size_t count;
  };
  // The stores that a block has published, and the tickets that it has seen.
  struct Progress {
    std::vector<Words> stored;          // stores since the last fence
    std::vector<Words> fenced;          // stores before a fence, but not before a ticket
    std::vector<std::uintptr_t> taken;  // words of tickets taken since the last fence
    std::vector<std::uintptr_t> seen;   // words of tickets taken before a fence
    [[nodiscard]] bool sees(std::uintptr_t ticket) const {
      return std::find(seen.begin(), seen.end(), ticket) != seen.end();
    }
  };

  [[nodiscard]] static std::uintptr_t address(const void* at) { return reinterpret_cast<std::uintptr_t>(at); }
  [[nodiscard]] static std::uintptr_t word_of(const void* at) { return address(at) / 4; }
  [[nodiscard]] static bool holds(const Allocation& a, const void* at, std::size_t bytes) {
    const std::uintptr_t offset = address(at) - address(a.data);  // huge for addresses below the allocation
    return bytes <= a.bytes && offset <= a.bytes - bytes;
  }
  // The checks common to stores and atomic operations.
  [[nodiscard]] const char* change(const void* to, std::size_t bytes) {
    Allocation* allocation = find(to, bytes);
    if (allocation == nullptr) return "stores outside of every allocation";
    if (address(to) % bytes != 0) return "stores to a misaligned address";
    mark(allocation->stored, *allocation, to, bytes, sector);
    if (any(allocation->constant, *allocation, to, bytes)) return "stores what this launch loads as constant";
    return nullptr;
  }
  [[nodiscard]] Allocation* find(const void* at, std::size_t bytes) {
    if (recent_ != nullptr && holds(*recent_, at, bytes)) return recent_;
    auto after = allocations_.upper_bound(address(at));
    if (after == allocations_.begin()) return nullptr;
    Allocation* candidate = std::prev(after)->second.get();
    if (!holds(*candidate, at, bytes)) return nullptr;
    return recent_ = candidate;
  }
  [[nodiscard]] static std::size_t offset(const Allocation& a, const void* at) { return address(at) - address(a.data); }
  static void mark(Parts& parts, const Allocation& a, const void* at, std::size_t bytes, std::size_t part_bytes) {
    const std::size_t first = offset(a, at);
    for (std::size_t i = first / part_bytes; i <= (first + bytes - 1) / part_bytes; ++i) parts.add(i);
  }
  [[nodiscard]] static bool any(const Parts& words, const Allocation& a, const void* at, std::size_t bytes) {
    const std::size_t first = offset(a, at);
    for (std::size_t i = first / 4; i <= (first + bytes - 1) / 4; ++i) {
      if (words.has(i)) return true;
    }
    return false;
  }

  std::map<std::uintptr_t, std::unique_ptr<Allocation>> allocations_;
  Allocation* recent_ = nullptr;
  std::unordered_map<std::uintptr_t, Writer> writers_;  // of the current launch, by word
  std::unordered_map<std::uint64_t, Progress> blocks_;  // of the running blocks
};

}  // namespace litestage::kernels::emulator
