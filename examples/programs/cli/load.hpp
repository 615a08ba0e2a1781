// Loads a model file into a backend, with a message on standard error.
#pragma once

#include <chrono>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/terminal/thread_words.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/io/open_model.hpp"

namespace litestage::cli {

// Bytes of the repacked copies; 0 for backends without them.
template <class B>
[[nodiscard]] std::size_t packed_bytes(const Model<B>& model) {
  std::size_t sum = 0;
  const auto add = [&](const auto& weight) {
    if constexpr (requires { weight.stream_bytes(); }) sum += weight.bytes();
  };
  add(model.head);
  for (const Layer<B>& layer : model.layers) {
    for (const auto* weight : {&layer.attention.q, &layer.attention.k, &layer.attention.v, &layer.attention.out,
                               &layer.mlp.gate, &layer.mlp.up, &layer.mlp.down}) {
      add(*weight);
    }
  }
  return sum;
}

// Ctrl-C is noticed between layers.
template <Backend B>
[[nodiscard]] LanguageModel<B> load_model(const io::ModelFile& file, std::shared_ptr<B> shared, bool quiet) {
  const auto start = std::chrono::steady_clock::now();
  const bool bar = !quiet && error_is_terminal();
  LanguageModel<B> model = io::load_model(file, std::move(shared), [&](int done, int total) {
    if (bar) std::cerr << "\r\x1b[Kloading: " << done << " of " << total << " layers" << std::flush;
    if (interrupted()) {
      if (bar) std::cerr << '\n';
      throw Interrupted{};
    }
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (bar) std::cerr << "\r\x1b[K";
  if (quiet) return model;
  const B& backend = model.backend();
  const ModelConfig& c = model.config();
  std::cerr << file.path() << ": " << c.architecture << ", " << c.n_layers << " layers of " << c.hidden
            << ", loaded in " << fixed(seconds, 2) << " s; " << backend.name() << " (" << backend.instruction_set()
            << ", " << threads_in_words(backend) << "), ";
  const std::size_t packed = packed_bytes(model.weights());
  if (packed == 0)
    std::cerr << "nothing repacked" << std::endl;
  else
    std::cerr << fixed(static_cast<double>(packed) / 1e6, 0) << " MB repacked" << std::endl;
  return model;
}

}  // namespace litestage::cli
