#include "host/device/verilator_build.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <memory>
#include <set>
#include <sstream>
#include <thread>

#include "compiler/base/error.hpp"
#include "compiler/base/resources.hpp"
#include "host/device/build_process.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

namespace fs = std::filesystem;

/// Beside `rtl` and `generated`, at the path by which the harnesses include one another.
fs::path harness_folder() { return resource_folder() / "host" / "device"; }

using Clock = std::chrono::steady_clock;

constexpr auto kPoll = std::chrono::milliseconds(50);  // longest pause between two looks
constexpr auto kBuildDeadline = std::chrono::minutes(60);
constexpr const char* kLibrary = "libchip.so";
constexpr const char* kManifest = "manifest.txt";
constexpr const char* kDigest =
    "digest.txt";  ///< of the library: a damaged one ends the process that loads it

/// FNV-1a, 64 bit. The manifest is compared too, so a collision rebuilds instead of deceiving.
std::string hash(const std::string& text) {
  std::uint64_t value = 14695981039346656037ULL;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  std::ostringstream out;
  out << std::hex << std::setw(16) << std::setfill('0') << value;
  return out.str();
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

fs::path find_tool(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path file = fs::absolute(fs::path(folder) / name);
    if (access(file.c_str(), X_OK) == 0 && fs::is_regular_file(file)) return file;
  }
  return {};
}

/// The lock file of that name, opened and locked; -1 where another holds it, or it was removed in between.
int try_lock(const fs::path& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (file < 0)
    throw device_error(path.string() + ": " + std::strerror(errno) + "; is the cache folder writable?");
  const int locked = flock(file, LOCK_EX | LOCK_NB);
  const int code = errno;
  struct stat opened {
  }, named{};
  if (locked == 0 && fstat(file, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
      opened.st_ino == named.st_ino && opened.st_dev == named.st_dev)
    return file;
  close(file);
  if (locked != 0 && code != EWOULDBLOCK && code != EINTR)
    throw device_error(path.string() + ": cannot be locked: " + std::strerror(code));
  return -1;
}

/// Holds a cache entry's lock; the system lets go of it when the process ends, however it ends. The file goes
/// with the holder: who waits for it finds that the file it has open is not the one of that name any more.
class EntryLock {
 public:
  EntryLock(fs::path path, const Progress& progress, const std::string& what) : path_(std::move(path)) {
    const auto deadline = Clock::now() + kBuildDeadline;
    while ((file_ = try_lock(path_)) < 0) {
      if (Clock::now() > deadline)
        throw device_error(path_.string() + ": another process has been building " + what +
                           " for over an hour");
      if (progress) progress(-1, "waiting for another process that builds " + what);
      std::this_thread::sleep_for(kPoll);
    }
  }
  /// Of an entry that nobody builds; nothing where somebody does.
  [[nodiscard]] static std::unique_ptr<EntryLock> of_idle(const fs::path& path) {
    const int file = try_lock(path);
    return file < 0 ? nullptr : std::unique_ptr<EntryLock>(new EntryLock(path, file));
  }
  ~EntryLock() {
    unlink(path_.c_str());
    close(file_);
  }
  EntryLock(const EntryLock&) = delete;
  EntryLock& operator=(const EntryLock&) = delete;

 private:
  EntryLock(fs::path path, int file) : path_(std::move(path)), file_(file) {}
  fs::path path_;
  int file_ = -1;
};

/// What builds that were killed have left in the cache: their folders, half done, and their locks.
void remove_leftovers(const fs::path& cache) {
  std::set<fs::path> entries;
  for (const auto& item : fs::directory_iterator(cache)) {
    const std::string extension = item.path().extension().string();
    if (extension == ".building" || extension == ".lock")
      entries.insert(fs::path(item.path()).replace_extension());
  }
  for (const fs::path& entry : entries) {
    const std::unique_ptr<EntryLock> idle = EntryLock::of_idle(entry.string() + ".lock");
    if (!idle || !fs::exists(entry.string() + ".building")) continue;
    fs::remove_all(entry.string() + ".building");
    fs::remove(entry.string() + ".log");
  }
}

/// First line that a tool prints for --version.
std::string version_of(const fs::path& tool) {
  const std::string text = printed_by({tool.string(), "--version"});
  if (text.empty()) throw device_error(tool.string() + " --version fails");
  return text.substr(0, text.find('\n'));
}

/// "Debian clang version 14.0.6" → "clang 14.0.6", "Verilator 5.006 2023-01-22 rev" → "Verilator 5.006".
std::string short_version(const std::string& name, const std::string& line) {
  std::istringstream words(line);
  for (std::string word; words >> word;)
    if (word.find('.') != std::string::npos && word.find_first_not_of("0123456789.") == std::string::npos)
      return name + " " + word;
  return name;
}

struct Tools {
  fs::path verilator, compiler;
  std::string verilator_version, compiler_version;
  [[nodiscard]] std::string brief() const {
    return short_version("Verilator", verilator_version) + ", " +
           short_version(compiler.filename() == "clang++" ? "clang" : "g++", compiler_version);
  }
};

Tools find_tools() {
  Tools tools;
  tools.verilator = find_tool("verilator");
  tools.compiler = find_tool("clang++");
  if (tools.compiler.empty()) tools.compiler = find_tool("g++");
  if (tools.verilator.empty() || tools.compiler.empty() || find_tool("make").empty())
    throw device_error(
        "verilator: the RTL device needs the programs verilator, make and clang++ (or g++) on PATH; "
        "Debian's packages are verilator, make and clang or g++; --device model needs none");
  tools.verilator_version = version_of(tools.verilator);
  tools.compiler_version = version_of(tools.compiler);
  return tools;
}

/// What -march=native depends on; a cache may be carried to another machine.
std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("flags") || line.starts_with("Features")) return hash(line);
  return "unknown";
}

std::vector<fs::path> sources_in(const std::vector<fs::path>& directories) {
  std::vector<fs::path> files;
  for (const fs::path& directory : directories)
    for (const auto& entry : fs::directory_iterator(directory))
      if (entry.path().extension() == ".sv" || entry.path().extension() == ".svh")
        files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string literal(const RtlParameter& parameter) {
  if (parameter.words.size() == 1) return "32'd" + std::to_string(parameter.words.front());
  std::ostringstream out;
  out << 32 * parameter.words.size() << "'h" << std::hex << std::setfill('0');
  for (std::size_t i = parameter.words.size(); i-- > 0;) out << std::setw(8) << parameter.words[i];
  return out.str();
}

constexpr std::uint64_t kFewTiles = 4;

/// Width times Height, each 1 where the design has no such parameter.
std::uint64_t tiles(const VerilatedDesign& design) {
  std::uint64_t count = 1;
  for (const RtlParameter& parameter : design.parameters)
    if (parameter.name == "Width" || parameter.name == "Height") count *= parameter.words.front();
  return count;
}

/// Own code is faster for a single tile, and for a few where speed is measured (docs/benchmarks.md); it takes
/// longer to build.
bool gains_by_sharing(const VerilatedDesign& design, const VerilatedBuild& build) {
  return tiles(design) > (build.assertions == RtlAssertions::kOff ? kFewTiles : 1);
}

bool shares_tile(const VerilatedDesign& design, const VerilatedBuild& build) {
  const bool able = !design.tile.empty() && build.threads == 1 && build.waves == Waves::kOff;
  if (build.tile_code == TileCode::kShared && !able)
    throw input_error("verilator: " + design.name +
                      ": tiles share their code only on one thread and without waves; "
                      "leave out threads, trace or tiles=shared");
  return able && build.tile_code != TileCode::kOwn &&
         (build.tile_code == TileCode::kShared || gains_by_sharing(design, build));
}

fs::path file_of(const VerilatedDesign& design, const std::string& module) {
  for (const fs::path& directory : design.directories)
    if (const fs::path file = directory / (module + ".sv"); fs::exists(file)) return file;
  throw device_error("verilator: " + module + ".sv: not among the RTL's folders");
}

/// One run of Verilator: the chip, or a kind of tile whose code its tiles share.
struct Model {
  std::string prefix;  ///< of the generated files; the folder's name too
  std::string top;
  std::vector<RtlParameter> parameters{};  ///< of the top
  bool inline_all = false;
  fs::path standin{};  ///< read before the top; its modules take the place of those in the folders
  std::vector<fs::path> sources{};  ///< C++ beside the generated files; none: an archive is made
};

/// What a Verilated chip is made of; the last one is linked with those before it.
std::vector<Model> models(const VerilatedDesign& design, const VerilatedBuild& build) {
  const fs::path harness = harness_folder();
  Model chip{.prefix = "Vchip",
             .top = design.top,
             .parameters = design.parameters,
             .sources = {harness / (design.harness + ".cpp")}};
  if (!shares_tile(design, build)) {
    // Repeats a tile's code for each tile: only where speed is measured.
    chip.inline_all = build.assertions == RtlAssertions::kOff && tiles(design) <= kFewTiles;
    return {chip};
  }
  std::vector<Model> all;
  for (const std::vector<RtlParameter>& parameters : design.tile_kinds)
    all.push_back({.prefix = "Vtile" + std::to_string(all.size()),
                   .top = design.tile,
                   .parameters = parameters,
                   .inline_all = true});
  chip.inline_all = true;
  chip.standin = harness / "verilator_tile.sv";
  chip.sources.push_back(harness / "verilator_tile.cpp");
  all.push_back(chip);
  return all;
}

constexpr const char* kTileModels = "tile_models.h";

/// What verilator_tile.cpp is compiled with: the tiles' models by kind.
std::string tile_models(const std::vector<Model>& all) {
  std::ostringstream includes, list;
  for (std::size_t kind = 0; kind + 1 < all.size(); ++kind) {
    includes << "#include \"" << all[kind].prefix << ".h\"\n";
    list << " X(" << kind << ", " << all[kind].prefix << ")";
  }
  return includes.str() + "#define SPIKELOOM_TILE_MODELS(X)" + list.str() + "\n";
}

/// Arguments that decide the result, without places: they go into the manifest as they stand.
std::vector<std::string> verilator_options(const Model& model, const VerilatedBuild& build) {
  // -O3 with the compiler's -O3 in OPT_FAST is the fastest of the combinations that were measured, and for
  // small chips and the shared tile --inline-mult 0 (docs/benchmarks.md).
  // -Wno-fatal because lint is a test of its own, with nothing waived.
  std::vector<std::string> list = {
      "--cc",        "--prefix",   model.prefix,         "--top-module",
      model.top,     "-O3",        "--inline-mult",      model.inline_all ? "0" : "1",
      "--no-timing", "-Wno-fatal", "--default-language", "1800-2017"};
  const auto add = [&](std::initializer_list<const char*> words) {
    list.insert(list.end(), words.begin(), words.end());
  };
  if (build.assertions == RtlAssertions::kOn)
    add({"--assert", "--x-assign", "unique", "--x-initial", "unique"});
  else
    add({"--noassert", "--x-assign", "fast", "--x-initial", "fast"});
  if (build.threads > 1) list.insert(list.end(), {"--threads", std::to_string(build.threads)});
  if (build.waves == Waves::kOn) add({"--trace-fst", "--trace-structs", "--trace-params"});
  for (const RtlParameter& parameter : model.parameters)
    list.push_back("-G" + parameter.name + "=" + literal(parameter));
  return list;
}

std::string manifest(const VerilatedDesign& design, const VerilatedBuild& build, const Tools& tools) {
  std::ostringstream out;
  out << "top " << design.top << "\n"
      << tools.verilator_version << "\n"
      << tools.compiler.filename().string() << ": " << tools.compiler_version << "\n"
      << "processor " << processor() << "\n";
  const fs::path harness = harness_folder();
  std::vector<fs::path> files = design.packages;
  for (const fs::path& file : sources_in(design.directories)) files.push_back(file);
  for (const Model& model : models(design, build)) {
    for (const std::string& option : verilator_options(model, build)) out << option << "\n";
    if (!model.standin.empty()) files.push_back(model.standin);
    files.insert(files.end(), model.sources.begin(), model.sources.end());
  }
  for (const std::string& name : {std::string("verilator_instance.h"), design.harness + ".h"})
    files.push_back(harness / name);
  out << "builder " << SPIKELOOM_BUILDER_DIGEST << "\n";
  for (const fs::path& file : files) out << file.filename().string() << " " << hash(read_text(file)) << "\n";
  return out.str();
}

/// Neither make nor a shell splits it or gives it a meaning.
bool is_plain(const std::string& path) {
  return path.find_first_of(" \t\r\n\v\f\"#$%&'()*:;<>?[\\]^`{|}=") == std::string::npos;
}

/// A design's name as part of a file's.
std::string file_name(const std::string& name) {
  std::string plain = name;
  for (char& c : plain)
    if (c == '/' || !is_plain(std::string(1, c))) c = '_';
  return plain;
}

/// Sources under names that make can take, wherever they lie: links in the folder that is built in. Names are
/// relative to that folder, so what is generated does not depend on where it was.
class Sources {
 public:
  explicit Sources(fs::path folder) : folder_(std::move(folder)) { link(resource_folder(), "resources"); }

  /// A file's or folder's name from the folder that is built in.
  [[nodiscard]] std::string name_of(const fs::path& path) {
    for (const auto& [place, name] : links_) {
      const fs::path below = path.lexically_relative(place);
      if (below == ".") return name;
      if (!below.empty() && *below.begin() != ".." && is_plain(below.string()))
        return (fs::path(name) / below).string();
    }
    const bool is_folder = fs::is_directory(path);
    link(is_folder ? path : path.parent_path(), "sources" + std::to_string(links_.size()));
    return is_folder ? links_.back().second : (fs::path(links_.back().second) / path.filename()).string();
  }

  void remove() {
    for (const auto& [place, name] : links_) fs::remove(folder_ / name);
  }

 private:
  void link(const fs::path& place, const std::string& name) {
    fs::create_directory_symlink(fs::absolute(place), folder_ / name);
    links_.emplace_back(place, name);
  }

  fs::path folder_;
  std::vector<std::pair<fs::path, std::string>> links_;
};

/// Verilates and compiles into `folder`, everything that is printed to `log`.
class Builder {
 public:
  Builder(const VerilatedDesign& design, fs::path folder, fs::path log, const Progress& progress)
      : design_(design),
        folder_(std::move(folder)),
        log_(std::move(log)),
        progress_(progress),
        sources_(folder_) {}

  void build(const VerilatedBuild& options, const Tools& tools) {
    const std::vector<Model> all = models(design_, options);
    std::string include = " -I..", archives;
    for (std::size_t kind = 0; kind + 1 < all.size(); ++kind) {
      include += " -I../" + all[kind].prefix;
      archives += " ../" + all[kind].prefix + "/" + all[kind].prefix + "__ALL.a";
    }
    if (all.size() > 1) std::ofstream(folder_ / kTileModels) << tile_models(all);
    for (const Model& model : all) verilate(model, options, tools, model.standin.empty() ? "" : include);
    for (const Model& model : all) compile(model, options, tools, model.standin.empty() ? "" : archives);
    fs::rename(folder(all.back()) / all.back().prefix, folder_ / kLibrary);
    for (const Model& model : all) fs::remove_all(folder(model));
    fs::remove(folder_ / kTileModels);
    sources_.remove();
  }

 private:
  void verilate(const Model& model, const VerilatedBuild& options, const Tools& tools,
                const std::string& include) {
    std::vector<std::string> command = {tools.verilator.string()};
    for (const std::string& option : verilator_options(model, options)) command.push_back(option);
    command.insert(command.end(), {"--Mdir", folder(model).string()});
    // Verilator runs in folder_, the compiler in a model's folder beside the links.
    const std::string root = sources_.name_of(resource_folder());
    command.insert(command.end(),
                   {"-CFLAGS", "-std=gnu++17 -fPIC -fvisibility=hidden -I../" + root + include +
                                   " -DVL_USER_STOP -DVL_USER_FATAL -DVL_USER_FINISH"
                                   " -DVL_PRINTF=spikeloom_harness_print -include ../" +
                                   sources_.name_of(harness_folder() / (design_.harness + ".h"))});
    command.push_back("-I" + root);  // for `include "rtl/..."
    for (const fs::path& directory : design_.directories) {
      const std::string name = sources_.name_of(directory);
      command.insert(command.end(), {"-y", name, "-I" + name});
    }
    for (const fs::path& package : design_.packages) command.push_back(sources_.name_of(package));
    if (!model.standin.empty()) command.push_back(sources_.name_of(model.standin));
    command.push_back(sources_.name_of(file_of(design_, model.top)));
    if (!model.sources.empty()) command.emplace_back("--exe");
    for (const fs::path& source : model.sources) command.push_back("../" + sources_.name_of(source));
    run(command, [&] { report(0, "Verilating"); });
  }

  void compile(const Model& model, const VerilatedBuild& options, const Tools& tools,
               const std::string& archives) {
    const std::string cxx = tools.compiler.string();
    const std::string waves = options.waves == Waves::kOn ? " -lz" : "";
    const unsigned jobs = std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
    double done = 0;
    run({"make", "-C", folder(model).string(), "-f", model.prefix + ".mk", "-j" + std::to_string(jobs),
         model.sources.empty() ? model.prefix + "__ALL.a" : model.prefix, "CXX=" + cxx,
         "LINK=" + cxx + " -shared", "OPT_FAST=-O3 -march=native", "OPT_SLOW=-O1", "OPT_GLOBAL=-O2",
         "USER_LDLIBS=-Wl,-z,defs" + archives + waves,
         find_tool("ccache").empty() ? "OBJCACHE=" : "OBJCACHE=ccache"},
        [&] { report(done = std::max(done, compiled()), "compiling"); });
  }

  [[nodiscard]] fs::path folder(const Model& model) const { return folder_ / model.prefix; }

  /// Fraction of the models' files that are compiled.
  [[nodiscard]] double compiled() const {
    std::size_t objects = 0, sources = 2;  // verilated.cpp and the harness lie elsewhere
    std::error_code ignored;
    for (fs::recursive_directory_iterator file(folder_, ignored), end; file != end; file.increment(ignored)) {
      if (ignored) break;
      if (file->path().extension() == ".cpp") ++sources;
      if (file->path().extension() == ".o") ++objects;
    }
    return std::min(0.99, static_cast<double>(objects) / static_cast<double>(sources));
  }

  void report(double fraction, const char* what) const {
    if (progress_) progress_(fraction, std::string(what) + " " + design_.name);
  }

  template <class Meanwhile>
  void run(const std::vector<std::string>& command, const Meanwhile& meanwhile) {
    {
      std::ofstream log(log_, std::ios::app);
      for (const std::string& word : command) log << word << " ";
      log << "\n";
      if (!log.flush())
        throw device_error(log_.string() + ": cannot be written; is the cache folder writable?");
    }
    BuildProcess process(command, log_, folder_);
    if (!process.wait(meanwhile, kBuildDeadline))
      throw device_error("verilator: building " + design_.name + " failed in " +
                         fs::path(command.front()).filename().string() + first_error() +
                         "; log: " + log_.string());
  }

  [[nodiscard]] std::string first_error() const {
    std::ifstream log(log_);
    for (std::string line; std::getline(log, line);)
      if (line.starts_with("%Error") || line.find(" error: ") != std::string::npos) return ": " + line;
    // make's own: "chip.mk:12: *** missing separator.  Stop."
    log.clear();
    log.seekg(0);
    for (std::string line; std::getline(log, line);)
      if (line.find("***") != std::string::npos) return ": " + line;
    return "";
  }

  const VerilatedDesign& design_;
  fs::path folder_, log_;
  const Progress& progress_;
  Sources sources_;
};

/// Size and digest of a file: what tells a library that was cut short or damaged. Eight bytes at a time,
/// since every opening of a device asks.
std::string digest_of(const fs::path& file) {
  const std::string bytes = read_text(file);
  std::uint64_t value = 14695981039346656037ULL;
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof word <= bytes.size(); at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    value = (value ^ word) * 1099511628211ULL;
    value ^= value >> 32U;
  }
  std::ostringstream out;
  out << bytes.size() << " " << std::hex << value << " " << hash(bytes.substr(at));
  return out.str();
}

/// Whether the entry is there as it was built.
bool complete(const fs::path& entry, const std::string& expected) {
  return fs::exists(entry / kLibrary) && read_text(entry / kManifest) == expected &&
         read_text(entry / kDigest) == digest_of(entry / kLibrary);
}

void build_entry(const VerilatedDesign& design, const VerilatedBuild& build, const Tools& tools,
                 const fs::path& entry, const Progress& progress) {
  const std::string expected = manifest(design, build, tools);
  fs::path building = entry, log = entry;
  building += ".building";
  log += ".log";
  fs::remove_all(building);  // what a killed build left behind
  fs::remove_all(entry);
  fs::remove(log);
  fs::create_directories(building);
  try {
    Builder(design, building, log, progress).build(build, tools);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(building, ignored);
    throw;
  }
  std::ofstream(building / kManifest) << expected;
  std::ofstream(building / kDigest) << digest_of(building / kLibrary);
  fs::rename(log, building / "build.log");
  fs::rename(building, entry);
  if (progress) progress(1, "built " + design.name);
}

}  // namespace

VerilatedDesign chip_design(const Chip& chip) {
  VerilatedDesign design;
  design.name = chip.name;
  design.top = "spikeloom_chip";
  design.packages = {resource_folder() / "generated" / "spikeloom_pkg.sv"};
  const fs::path root = resource_folder() / "rtl";
  std::error_code missing;
  for (const auto& item : fs::recursive_directory_iterator(root, missing))
    if (item.is_directory()) design.directories.push_back(item.path());
  if (missing)
    throw device_error("verilator: " + root.string() + ": the RTL is not there: " + missing.message());
  design.directories.push_back(root);
  std::sort(design.directories.begin(), design.directories.end());
  for (const fs::path& file : sources_in(design.directories))
    if (file.stem().string().ends_with("_pkg")) design.packages.push_back(file);
  design.directories.push_back(resource_folder() / "generated");  // spikeloom_parameters.svh
  design.parameters = rtl_parameters(chip);
  for (std::uint32_t kind = 0; kind < chip.kinds(); ++kind)
    design.tile_kinds.push_back(node_parameters(chip, kind));
  design.tile = "node";
  return design;
}

VerilatedDesign kernel_design(const Chip& chip) {
  VerilatedDesign design = chip_design(chip);
  design.name += "-kernel";
  design.top = hw::kKernelName;
  design.harness = "kernel_harness";
  return design;
}

fs::path default_cache() {
  const auto variable = [](const char* name) -> fs::path {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const fs::path own = variable("SPIKELOOM_CACHE"); !own.empty()) return own;
  if (const fs::path cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache / "spikeloom";
  if (const fs::path home = variable("HOME"); !home.empty()) return home / ".cache" / "spikeloom";
  throw device_error("verilator: no place for built chips; set SPIKELOOM_CACHE to a folder");
}

VerilatedLibrary build_verilated(const VerilatedDesign& design, const VerilatedBuild& build,
                                 const Progress& progress) {
  try {
    fs::create_directories(build.cache);
    const fs::path cache = fs::canonical(build.cache);
    if (!is_plain(cache.string()))
      throw device_error(
          "verilator: chip cache " + cache.string() +
          ": make takes no path with spaces or signs of the shell; set SPIKELOOM_CACHE to a folder "
          "without");
    // What is installed does not change under a process, and asking takes longer than the rest.
    static const Tools tools = find_tools();
    const std::string expected = manifest(design, build, tools);
    const fs::path entry = cache / (file_name(design.name) + "-" + hash(expected));
    if (!complete(entry, expected)) {
      remove_leftovers(cache);
      fs::path lock = entry;
      lock += ".lock";
      const EntryLock held(lock, progress, design.name);
      if (!complete(entry, expected)) build_entry(design, build, tools, entry, progress);
    }
    return {entry / kLibrary, tools.brief()};
  } catch (const fs::filesystem_error& error) {
    throw device_error(std::string("verilator: chip cache: ") + error.what());
  }
}

}  // namespace spikeloom
