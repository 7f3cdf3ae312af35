#include "host/opencl/context.hpp"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

namespace spikeloom::opencl {
namespace {

constexpr cl_int kNoPlatform = -1001;  // CL_PLATFORM_NOT_FOUND_KHR, of cl_khr_icd

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string meaning(cl_int code) {
  switch (code) {
    case CL_DEVICE_NOT_FOUND:
      return "device not found";
    case CL_DEVICE_NOT_AVAILABLE:
      return "device not available";
    case CL_COMPILER_NOT_AVAILABLE:
      return "the platform has no compiler";
    case CL_MEM_OBJECT_ALLOCATION_FAILURE:
      return "no memory for a buffer";
    case CL_OUT_OF_RESOURCES:
      return "out of resources";
    case CL_OUT_OF_HOST_MEMORY:
      return "out of host memory";
    case CL_BUILD_PROGRAM_FAILURE:
      return "the kernels do not build";
    case CL_INVALID_BUFFER_SIZE:
      return "a buffer of this size is not possible";
    case CL_INVALID_WORK_GROUP_SIZE:
      return "work-group size";
    case kNoPlatform:
      return "no platform";
    default:
      return "see CL/cl.h";
  }
}

std::vector<cl::Platform> platforms() {
  std::vector<cl::Platform> found;
  try {
    cl::Platform::get(&found);
  } catch (const cl::Error& error) {
    if (error.err() != kNoPlatform) throw to_error("opencl", error);
  }
  if (found.empty())
    throw device_error(
        "opencl: no OpenCL platform is installed (no ICD, in /etc/OpenCL/vendors or in OCL_ICD_VENDORS); "
        "install one, e.g. Debian's pocl-opencl-icd");
  return found;
}

std::vector<cl::Device> devices_of(const cl::Platform& platform) {
  std::vector<cl::Device> found;
  try {
    platform.getDevices(CL_DEVICE_TYPE_ALL, &found);
  } catch (const cl::Error& error) {
    if (error.err() != CL_DEVICE_NOT_FOUND) throw to_error("opencl", error);
  }
  return found;
}

template <class Item, class Name>
std::string list(const std::vector<Item>& items, Name&& name) {
  std::string text;
  for (const Item& item : items) text += (text.empty() ? "\"" : ", \"") + name(item) + "\"";
  return text.empty() ? "none" : text;
}

std::string name_of(const cl::Platform& platform) { return platform.getInfo<CL_PLATFORM_NAME>(); }

cl::Platform choose_platform(const std::string& part) {
  const std::vector<cl::Platform> all = platforms();
  std::vector<cl::Platform> fitting;
  for (const cl::Platform& platform : all)
    if (lower(name_of(platform)).find(lower(part)) != std::string::npos) fitting.push_back(platform);
  if (part.empty())
    throw input_error("device opencl: say which platform, opencl:?platform=NAME-PART; there are " +
                      list(all, name_of));
  if (fitting.empty())
    throw input_error("device opencl: no platform has \"" + part + "\" in its name; there are " +
                      list(all, name_of));
  if (fitting.size() > 1)
    throw input_error("device opencl: several platforms have \"" + part + "\" in their names, " +
                      list(fitting, name_of) + "; write more of the name");
  return fitting.front();
}

}  // namespace

Error to_error(const std::string& where, const cl::Error& error) {
  return device_error(where + ": " + error.what() + " failed with " + std::to_string(error.err()) + " (" +
                      meaning(error.err()) + ")");
}

cl::Device choose_device(const std::string& platform, std::uint32_t number) {
  return translated("opencl", [&] {
    const cl::Platform chosen = choose_platform(platform);
    const std::vector<cl::Device> devices = devices_of(chosen);
    if (number >= devices.size())
      throw input_error(
          "device opencl: no device " + std::to_string(number) + " on platform \"" + name_of(chosen) +
          "\"; there are, from 0 on, " +
          list(devices, [](const cl::Device& device) { return device.getInfo<CL_DEVICE_NAME>(); }));
    const cl::Device device = devices[number];
    if (device.getInfo<CL_DEVICE_ENDIAN_LITTLE>() == CL_FALSE)
      throw device_error("opencl: " + device.getInfo<CL_DEVICE_NAME>() +
                         " is big-endian; the kernels read little-endian memories");
    return device;
  });
}

std::string describe(const cl::Device& device) {
  return name_of(cl::Platform(device.getInfo<CL_DEVICE_PLATFORM>())) + ", " +
         device.getInfo<CL_DEVICE_NAME>() + ", " +
         std::to_string(device.getInfo<CL_DEVICE_MAX_COMPUTE_UNITS>()) + " compute units";
}

cl::Program build(const cl::Context& context, const cl::Device& device, const std::string& source,
                  const std::string& options) {
  cl::Program program(context, source);
  try {
    program.build({device}, options.c_str());
  } catch (const cl::Error& error) {
    std::string log;
    try {
      log = program.getBuildInfo<CL_PROGRAM_BUILD_LOG>(device);
    } catch (const cl::Error&) {
      log = "(no log)";
    }
    throw device_error("opencl (" + describe(device) + "): the kernels do not build, error " +
                       std::to_string(error.err()) + ", options " + options + "\n" + log);
  }
  return program;
}

}  // namespace spikeloom::opencl
