#include "host/device/loaded_library.hpp"

#include <dlfcn.h>

#include "compiler/base/error.hpp"

namespace spikeloom {

LoadedLibrary::LoadedLibrary(const std::string& path, const char* abi_symbol, int abi)
    : path_(path), handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) throw device_error(path + ": cannot be loaded: " + dlerror());
  void* const function = dlsym(handle_, abi_symbol);
  const int found = function == nullptr ? -1 : reinterpret_cast<int (*)()>(function)();
  if (found == abi) return;
  dlclose(handle_);
  throw device_error(path + ": harness interface " +
                     (function == nullptr ? "absent" : std::to_string(found)) + ", expected " +
                     std::to_string(abi) + "; delete the file");
}

LoadedLibrary::~LoadedLibrary() { dlclose(handle_); }

void* LoadedLibrary::address(const char* name) const {
  void* const found = dlsym(handle_, name);
  if (found == nullptr) throw device_error(path_ + ": Verilated library without " + name);
  return found;
}

}  // namespace spikeloom
