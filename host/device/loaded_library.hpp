// A Verilated design's shared library in this process.
#pragma once

#include <string>

namespace spikeloom {

class LoadedLibrary {
 public:
  /// `abi_symbol` names a function that returns the harness's interface number.
  /// Throws Error{kDevice} when the library cannot be loaded or has another interface.
  LoadedLibrary(const std::string& path, const char* abi_symbol, int abi);
  ~LoadedLibrary();
  LoadedLibrary(const LoadedLibrary&) = delete;
  LoadedLibrary& operator=(const LoadedLibrary&) = delete;

  /// Throws Error{kDevice} when it is not there.
  template <class Function>
  [[nodiscard]] Function* symbol(const char* name) const {
    return reinterpret_cast<Function*>(address(name));
  }

 private:
  [[nodiscard]] void* address(const char* name) const;
  std::string path_;
  void* handle_;
};

}  // namespace spikeloom
