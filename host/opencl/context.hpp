// The one place for OpenCL's C++ bindings: a device chosen by name, errors in words. Only for this folder's
// .cpp files.
#pragma once

// 120 and 120: other pairs of this header's versions do not compile together, and no more is needed.
#define CL_HPP_TARGET_OPENCL_VERSION 120
#define CL_HPP_MINIMUM_OPENCL_VERSION 120
#define CL_HPP_ENABLE_EXCEPTIONS
#include <CL/opencl.hpp>

#include <string>

#include "compiler/base/error.hpp"

namespace spikeloom::opencl {

/// See open_opencl for what it throws.
[[nodiscard]] cl::Device choose_device(const std::string& platform, std::uint32_t number);

/// "Portable Computing Language, cpu-..., 2 compute units".
[[nodiscard]] std::string describe(const cl::Device& device);

/// Compiles `source`; the log is in the error where that fails.
[[nodiscard]] cl::Program build(const cl::Context& context, const cl::Device& device,
                                const std::string& source, const std::string& options);

/// Runs `work` and turns OpenCL's exceptions into Error{kDevice}.
template <class Work>
auto translated(const std::string& where, Work&& work);

[[nodiscard]] Error to_error(const std::string& where, const cl::Error& error);

template <class Work>
auto translated(const std::string& where, Work&& work) {
  try {
    return work();
  } catch (const cl::Error& error) {
    throw to_error(where, error);
  }
}

}  // namespace spikeloom::opencl
