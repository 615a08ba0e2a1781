// Preloaded into a program, this library hides the libraries of CUDA: opening one fails, and its name is written to the
// file $LITESTAGE_HIDDEN.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" void* dlopen(const char* name, int flags) noexcept {
  const auto next = reinterpret_cast<void* (*)(const char*, int)>(dlsym(RTLD_NEXT, "dlopen"));
  if (name == nullptr || (std::strstr(name, "libcuda") == nullptr && std::strstr(name, "libcublas") == nullptr)) {
    return next(name, flags);
  }
  if (std::FILE* list = std::fopen(std::getenv("LITESTAGE_HIDDEN"), "a")) {
    std::fprintf(list, "%s\n", name);
    std::fclose(list);
  }
  return next("/nonexistent/library", flags);
}
