// Forward declarations of frequently mentioned types, and the default template arguments of Pipeline (stated once).
#pragma once

#include <cstddef>

namespace litestage {

class Error;
class Form;
struct ModelConfig;
struct ModelSource;
struct NoObserver;

template <class T, std::size_t Rank>
class View;

class ReferenceBackend;
class CpuBackend;

namespace skip {
struct Never;
}
namespace early_exit {
struct Never;
}
namespace stages {
struct Single;
}

template <class B, class Skip = skip::Never, class Exit = early_exit::Never, class Stages = stages::Single,
          class Observer = NoObserver>
class Pipeline;

}  // namespace litestage
