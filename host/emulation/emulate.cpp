#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>

#include <spikeloom/emulate.hpp>

#include "compiler/base/error.hpp"
#include "compiler/base/resources.hpp"
#include "compiler/chip/chip.hpp"
#include "host/device/verilator_build.hpp"
#include "host/emulation/xclbin.hpp"

extern char** environ;

namespace spikeloom::emulation {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kGrace = std::chrono::seconds(3);  // for a host whose server said goodbye or an error
constexpr int kLook = 20;                         // ms between two looks at the host
constexpr const char* kServer = "spikeloom-device-server";
constexpr const char* kNoSleep = "libspikeloom_nosleep.so";
constexpr const char* kVendors = "/etc/OpenCL/vendors";

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  if (!(file << text).flush()) throw device_error("emulate: " + path.string() + ": cannot be written");
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// As a word of sh.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Everything of one emulation, directly below /tmp: XRT puts its sockets into /tmp/$USER.
class Folder {
 public:
  Folder() {
    std::string name = "/tmp/spikeloom-emu-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw device_error("emulate: " + name + ": " + std::strerror(errno));
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }
  [[nodiscard]] std::string name() const { return path_.filename().string(); }

 private:
  fs::path path_;
};

/// A listening socket on which device servers tell how they end.
class Watch {
 public:
  explicit Watch(const fs::path& path)
      : listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (listener_ < 0 || bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 16) != 0)
      throw device_error("emulate: " + path.string() + ": " + std::strerror(errno));
  }
  ~Watch() {
    close(listener_);
    for (const auto& [socket, said] : servers_) close(socket);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Looks for at most kLook ms; what went wrong with a server, empty while nothing has.
  std::string look() {
    std::vector<pollfd> all{{listener_, POLLIN, 0}};
    for (const auto& [socket, said] : servers_) all.push_back({socket, POLLIN, 0});
    if (poll(all.data(), all.size(), kLook) <= 0) return "";
    if ((all[0].revents & POLLIN) != 0)
      if (const int server = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); server >= 0)
        servers_[server] = "";
    for (std::size_t i = 1; i < all.size(); ++i)
      if (all[i].revents != 0)
        if (std::string wrong = hear(all[i].fd); !wrong.empty()) return wrong;
    return "";
  }

 private:
  std::string hear(int server) {
    char text[1024];
    const ssize_t count = read(server, text, sizeof text);
    if (count > 0) {
      servers_[server].append(text, static_cast<std::size_t>(count));
      return "";
    }
    const std::string said = servers_[server];
    close(server);
    servers_.erase(server);
    if (said == "bye\n") return "";
    return said.starts_with("error ") ? said.substr(6, said.find('\n') - 6) : "it died";
  }

  int listener_;
  std::map<int, std::string> servers_;  ///< by connection: what each has said
};

volatile std::sig_atomic_t interrupted = 0;

/// While it lives, an interrupt is noted instead of ending the process, so that the host and the folder go
/// too.
class NotedSignals {
 public:
  NotedSignals() {
    interrupted = 0;
    struct sigaction note {};
    note.sa_handler = [](int signal) { interrupted = signal; };
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &note, &before_[i]);
  }
  ~NotedSignals() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  NotedSignals(const NotedSignals&) = delete;
  NotedSignals& operator=(const NotedSignals&) = delete;

 private:
  static constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, 3> before_{};
};

/// A process group that ends with this object, however it is left.
class Host {
 public:
  Host(const std::vector<std::string>& command, const std::vector<std::string>& environment)
      : name_(command.front()) {
    std::vector<char*> words, variables;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    for (const std::string& entry : environment) variables.push_back(const_cast<char*>(entry.c_str()));
    words.push_back(nullptr);
    variables.push_back(nullptr);
    const pid_t parent = getpid();
    leader_ = fork();
    if (leader_ < 0) throw device_error(name_ + ": " + std::strerror(errno));
    if (leader_ == 0) {
      setpgid(0, 0);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(127);
      execve(words[0], words.data(), variables.data());
      _exit(127);
    }
    setpgid(leader_, leader_);  // whoever comes first
  }
  ~Host() {
    kill(-leader_, SIGKILL);  // servers too: they stay in the group
    if (!ended_) waitpid(leader_, nullptr, 0);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  [[nodiscard]] bool ended() {
    if (!ended_) ended_ = waitpid(leader_, &status_, WNOHANG) == leader_;
    return ended_;
  }
  [[nodiscard]] int code() const {
    if (WIFSIGNALED(status_))
      throw device_error("emulate: " + name_ + " was ended by signal " + std::to_string(WTERMSIG(status_)));
    if (WEXITSTATUS(status_) == 127) throw device_error("emulate: " + name_ + ": cannot be started");
    return WEXITSTATUS(status_);
  }

 private:
  std::string name_;
  pid_t leader_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

/// The folder that this process has XRT's library from; empty where Spikeloom was built without XRT.
fs::path xrt_libraries() {
  fs::path folder;
  dl_iterate_phdr(
      [](dl_phdr_info* library, std::size_t, void* found) {
        const fs::path path = library->dlpi_name;
        if (!path.filename().string().starts_with("libxrt_coreutil.so")) return 0;
        *static_cast<fs::path*>(found) = path.parent_path();
        return 1;
      },
      &folder);
  return folder;
}

/// XILINX_XRT with the emulation shim in it: the user's, else one made of links to where XRT was found.
fs::path xrt_root(const fs::path& folder) {
  const std::string own = variable("XILINX_XRT");
  if (!own.empty() && fs::exists(fs::path(own) / "lib" / "libxrt_hwemu.so.2")) return own;
  const fs::path libraries = xrt_libraries();
  if (libraries.empty() || !fs::exists(libraries / "libxrt_hwemu.so.2"))
    throw device_error("emulate: XRT's emulation library libxrt_hwemu.so.2 is neither in XILINX_XRT (" + own +
                       ") nor beside the XRT that Spikeloom uses (" + libraries.string() +
                       "); Debian's package libxrt1 has it, and Spikeloom is to be built again with it");
  fs::create_directories(folder / "root");
  fs::create_directory_symlink(libraries, folder / "root" / "lib");
  return folder / "root";
}

/// The registered OpenCL platforms and XRT's, which Debian does not register.
void write_vendors(const fs::path& folder) {
  fs::create_directories(folder / "vendors");
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(kVendors, none))
    fs::copy_file(entry.path(), folder / "vendors" / entry.path().filename());
  write_file(folder / "vendors" / "xilinx.icd", "libxilinxopencl.so.2\n");
}

std::vector<std::string> environment(const Folder& folder) {
  const std::string place = folder.path().string(), preload = variable("LD_PRELOAD");
  std::map<std::string, std::string> set = {
      {"USER", folder.name()},
      {"XCL_EMULATION_MODE", "hw_emu"},
      {"XILINX_XRT", xrt_root(folder.path()).string()},
      {"XRT_INI_PATH", place + "/xrt.ini"},
      {"EMCONFIG_PATH", place},
      {"SDACCEL_EM_RUN_DIR", place},
      {"OCL_ICD_VENDORS", place + "/vendors"},
      // For hosts with sanitizers: the preload stands before their runtime, and XRT unmaps memory of the
      // heap.
      {"ASAN_OPTIONS", variable("ASAN_OPTIONS") + ":verify_asan_link_order=0:detect_leaks=0"},
      {"LD_PRELOAD", (preload.empty() ? "" : preload + ":") + (program_folder() / kNoSleep).string()},
  };
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!set.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : set) all.push_back(name + "=" + value);
  return all;
}

void prepare(const Folder& folder, const EmulationOptions& options, const std::string& library) {
  const fs::path place = folder.path(), server = program_folder() / kServer;
  for (const fs::path& program : {server, program_folder() / kNoSleep})
    if (!fs::exists(program))
      throw device_error("emulate: " + program.string() + ": is not there; build all of Spikeloom");
  const Bytes xclbin = emulation_xclbin(kernel_interface(), folder.name());
  write_file(place / "kernel.xclbin", std::string(xclbin.begin(), xclbin.end()));
  write_file(place / "emconfig.json", emconfig("spikeloom_emulation_1_0"));
  write_file(place / "xrt.ini", xrt_ini((place / "simulation").string()));
  write_vendors(place);
  fs::create_directories(place / "simulation");
  const fs::path script = place / "simulation" / "simulate.sh";
  write_file(script, "#!/bin/sh\nunset LD_PRELOAD\nexec " + quoted(server.string()) + " --chip " +
                         quoted(fs::absolute(options.chip_file).string()) + " --kernel " +
                         (options.kernel == KernelKind::kRtl ? "rtl" : "model") + " --library " +
                         quoted(library) + " --stall " + std::to_string(options.stall_seed) + " --watch " +
                         quoted((place / "watch").string()) + " >" + quoted((place / "server.log").string()) +
                         " 2>&1\n");
  fs::permissions(script, fs::perms::owner_all);
}

/// Files that XRT leaves outside of the folder: a log in the current folder that carries the project's name,
/// and one beside the program, which it overwrites whatever was there.
class StrayLogs {
 public:
  StrayLogs(std::string project, const fs::path& program)
      : project_(std::move(project)),
        debug_(program.parent_path() / "emulation_debug.log"),
        since_(fs::file_time_type::clock::now()) {}
  ~StrayLogs() {
    std::error_code none;
    if (const auto written = fs::last_write_time(debug_, none); !none && written >= since_)
      fs::remove(debug_, none);
    for (const auto& entry : fs::directory_iterator(fs::current_path(none), none)) {
      const std::string name = entry.path().filename().string();
      if (name.find(project_) != std::string::npos && name.ends_with("_simulate.log"))
        fs::remove(entry.path(), none);
    }
  }
  StrayLogs(const StrayLogs&) = delete;
  StrayLogs& operator=(const StrayLogs&) = delete;

 private:
  std::string project_;
  fs::path debug_;
  fs::file_time_type since_;
};

int supervise(Host& host, Watch& watch, const EmulationOptions& options) {
  const auto limit = Clock::now() + options.time_limit;
  while (!host.ended()) {
    std::string wrong = watch.look();
    if (interrupted != 0) throw device_error("emulate: interrupted by signal " + std::to_string(interrupted));
    if (Clock::now() > limit)
      throw device_error("emulate: time-out: the command has not ended after " +
                         std::to_string(options.time_limit.count()) + " s; --time-limit sets the limit");
    if (wrong.empty()) continue;
    // XRT waits for ever for a server that is gone. A host that ends by itself has more to say.
    for (const auto end = Clock::now() + kGrace; !host.ended() && Clock::now() < end;) (void)watch.look();
    throw device_error("emulate: the device server failed: " + wrong);
  }
  return host.code();
}

}  // namespace

int run_emulated(std::vector<std::string> command, const EmulationOptions& options,
                 const Progress& progress) {
  if (command.empty()) throw input_error("emulate: no command was given");
  // Before the kernel is built, which takes minutes.
  const std::string& program = command.front();
  std::error_code absent;
  if (access(program.c_str(), X_OK) != 0 || !fs::is_regular_file(program, absent))
    throw input_error("emulate: " + program + ": cannot be started; expected a program");
  const Chip chip = read_chip(options.chip_file);
  std::string library;
  if (options.kernel == KernelKind::kRtl)
    library = build_verilated(kernel_design(chip), {.cache = default_cache()}, progress).path.string();
  try {
    const NotedSignals noted;
    const Folder folder;
    prepare(folder, options, library);
    for (std::string& word : command)
      if (const std::size_t at = word.find("{xclbin}"); at != std::string::npos)
        word.replace(at, std::string("{xclbin}").size(), (folder.path() / "kernel.xclbin").string());
    Watch watch(folder.path() / "watch");
    const StrayLogs logs(folder.name(), command.front());
    Host host(command, environment(folder));
    return supervise(host, watch, options);
  } catch (const fs::filesystem_error& error) {
    throw device_error(std::string("emulate: ") + error.what());
  }
}

}  // namespace spikeloom::emulation
