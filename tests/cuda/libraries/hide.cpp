// To be preloaded into a program that is to find no library of CUDA: such names are kept in the file $LITESTAGE_HIDDEN,
// and are opened in vain.
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
