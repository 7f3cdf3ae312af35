// spikeloom-device-server: what XRT's hw_emu shim starts in place of a simulator; see README.md. Not for
// people to call.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <string>
#include <thread>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "host/emulation/device_server.hpp"
#include "host/emulation/link_kernel.hpp"
#include "host/emulation/rtl_kernel.hpp"
#include "host/emulation/xclbin.hpp"

namespace {

using namespace spikeloom;
using namespace spikeloom::emulation;

constexpr auto kRetry = std::chrono::milliseconds(5);
constexpr auto kPatience = std::chrono::seconds(20);

/// A connected stream, or -1 when nobody listened for so long.
int connect_to(const std::string& path, std::chrono::milliseconds patience) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw device_error(path + ": too long for a socket's name");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const auto limit = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0) throw device_error(path + ": " + std::strerror(errno));
    if (connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
    close(made);
    if (std::chrono::steady_clock::now() > limit) return -1;
    std::this_thread::sleep_for(kRetry);
  }
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == 0)
    throw device_error(std::string(name) + " is not set; XRT sets it when it starts this program");
  return value;
}

/// --name value pairs.
std::map<std::string, std::string> options_of(int argc, char** argv) {
  std::map<std::string, std::string> options;
  for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  for (const char* name : {"--chip", "--kernel", "--library", "--stall", "--watch"})
    if (!options.contains(name))
      throw input_error(std::string(name) + ": missing; `spikeloom emulate` calls this program");
  return options;
}

/// Tells the supervisor how this ends; silence means that the process died.
void report(int watch, const std::string& text) { (void)!write(watch, text.data(), text.size()); }

std::unique_ptr<KernelModel> make_kernel(const std::map<std::string, std::string>& options,
                                         SparseMemory& memory) {
  if (options.at("--kernel") == "rtl")
    return load_rtl_kernel(options.at("--library"), memory, std::stoull(options.at("--stall")));
  const Chip chip = read_chip(options.at("--chip"));
  return kernel_over(open_model(chip), chip, memory);
}

void serve_host(const std::map<std::string, std::string>& options) {
  const std::string folder = "/tmp/" + variable("USER") + "/", id = variable("EMULATION_SOCKETID");
  SparseMemory memory;
  const std::unique_ptr<KernelModel> kernel = make_kernel(options, memory);
  const int host = connect_to(folder + id, kPatience);
  if (host < 0) throw device_error(folder + id + ": nobody listens");
  // For access of a device to the host's memory, which this one has not; XRT waits for it all the same.
  const std::string second = folder + "D2X_unix_sock_" + id;
  const int device = connect_to(second, std::chrono::seconds(1));
  unlink(second.c_str());
  DeviceServer server(*kernel, memory, kKernelBase);
  const bool goodbye = serve(host, server, *kernel);
  if (device >= 0) {
    const Bytes frame = request_frame(static_cast<std::uint32_t>(Call::kClose), {});
    (void)!send(device, frame.data(), frame.size(), MSG_NOSIGNAL);
    close(device);
  }
  close(host);
  if (!goodbye) std::cerr << "the host went away without closing the device" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  int watch = -1;
  try {
    const auto options = options_of(argc, argv);
    watch = connect_to(options.at("--watch"), kPatience);
    if (watch < 0) throw device_error(options.at("--watch") + ": nobody listens");
    serve_host(options);
    report(watch, "bye\n");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "spikeloom-device-server: error: " << error.what() << std::endl;
    if (watch >= 0) report(watch, std::string("error ") + error.what() + "\n");
    return 3;
  }
}
