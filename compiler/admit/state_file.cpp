#include "compiler/admit/state_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/base/file.hpp"
#include "compiler/base/json_keys.hpp"
#include "compiler/base/text.hpp"

namespace spikeloom {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "spikeloom chip state";
constexpr std::uint64_t kVersion = 3;
constexpr std::uint32_t kHost = 0xFFFFFFFFU;  ///< in place of a cluster

/// The chip's text without what the text cannot hold exactly.
std::string chip_text(Chip chip) {
  chip.name = "chip";
  chip.clock_mhz = 1;
  return print(chip);
}

std::uint32_t number_of(const ClusterOrHost& end) { return end ? end->value : kHost; }

Json json_of(const Binding& binding) {
  Json json;
  json["seed"] = binding.seed;
  json["application"] = binding.application;
  json["first_sink"] = binding.first_sink;
  json["placement"] = Json::array();
  for (const Placement& p : binding.placement)
    json["placement"].push_back(
        {p.tile.value, p.context, p.first_row, p.rows, p.first_block, p.first_out, p.first});
  json["orders"] = Json::array();
  for (const std::vector<OrderEntry>& order : binding.orders) {
    Json entries = Json::array();
    for (const OrderEntry& entry : order) entries.push_back({entry.cluster.value, entry.skip});
    json["orders"].push_back(std::move(entries));
  }
  json["channels"] = Json::array();
  for (const Channel& channel : binding.channels) {
    Json to = Json::array();
    for (const Destination& end : channel.to)
      to.push_back({number_of(end.to), end.inbound, end.number, end.hops, end.counter, end.credit_hops,
                    end.credit_slots});
    json["channels"].push_back({{"from", number_of(channel.from)},
                                {"number", channel.number},
                                {"slots", channel.slots},
                                {"to", std::move(to)}});
  }
  return json;
}

Json json_of(const Promise& promise) {
  Json json;
  json["name"] = name_of(promise.kind);
  json["period"] = promise.period.str();
  json["offset"] = promise.offset;
  json["latency"] = promise.latency;
  json["potentials"] = Json::array();
  for (const auto& [actor, value] : promise.potentials)
    json["potentials"].push_back({printable(actor), value});
  json["critical_cycle"] = Json::array();
  for (const std::string& arc : promise.critical_cycle) json["critical_cycle"].push_back(printable(arc));
  json["detail"] = printable(promise.detail);
  return json;
}

/// Reads what is expected and says by name what is not.
class Reader {
 public:
  explicit Reader(std::string name) : name_(std::move(name)) {}

  [[noreturn]] void malformed(const std::string& where, const std::string& expected) const {
    throw input_error(name_ + ": malformed chip state: " + where + ": expected " + expected +
                      "; restore the file, or start anew without it");
  }
  const Json& at(const Json& json, const char* key) const {
    if (!json.is_object() || !json.contains(key)) malformed(key, "an entry of that name");
    return json[key];
  }
  std::uint32_t u32(const Json& json, const std::string& where) const {
    if (!json.is_number_unsigned() || json.get<std::uint64_t>() > 0xFFFFFFFFU)
      malformed(where, "a whole number from 0 to 4294967295");
    return json.get<std::uint32_t>();
  }
  std::int64_t i64(const Json& json, const std::string& where) const {
    if (!json.is_number_integer() || (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX))
      malformed(where, "a whole number");
    return json.get<std::int64_t>();
  }
  std::string text(const Json& json, const std::string& where) const {
    if (!json.is_string()) malformed(where, "text");
    return json.get<std::string>();
  }
  const Json& list(const Json& json, const std::string& where, std::size_t size = SIZE_MAX) const {
    if (!json.is_array() || (size != SIZE_MAX && json.size() != size))
      malformed(where, size == SIZE_MAX ? "a list" : "a list of " + std::to_string(size));
    return json;
  }
  std::vector<std::uint32_t> u32s(const Json& json, const std::string& where) const {
    std::vector<std::uint32_t> values;
    for (const Json& one : list(json, where)) values.push_back(u32(one, where));
    return values;
  }
  ClusterOrHost end(const Json& json, const std::string& where) const {
    const std::uint32_t value = u32(json, where);
    return value == kHost ? ClusterOrHost{} : ClusterOrHost{ClusterId{value}};
  }

  Binding binding(const Json& json) const {
    Binding binding;
    const Json& seed = at(json, "seed");
    if (!seed.is_number_unsigned()) malformed("seed", "a whole number");
    binding.seed = seed.get<std::uint64_t>();
    binding.application = u32(at(json, "application"), "application");
    binding.first_sink = u32(at(json, "first_sink"), "first_sink");
    for (const Json& one : list(at(json, "placement"), "placement")) {
      const Json& v = list(one, "placement", 7);
      const auto number = [&](std::size_t i) { return u32(v[i], "placement"); };
      binding.placement.push_back({TileId{number(0)}, number(1), number(2), number(3), number(4),
                                   u32s(v[6], "placement"), number(5)});
    }
    for (const Json& order : list(at(json, "orders"), "orders")) {
      std::vector<OrderEntry>& entries = binding.orders.emplace_back();
      for (const Json& one : list(order, "orders")) {
        const std::vector<std::uint32_t> v = u32s(list(one, "orders", 2), "orders");
        entries.push_back({ClusterId{v[0]}, v[1]});
      }
    }
    for (const Json& one : list(at(json, "channels"), "channels")) binding.channels.push_back(channel(one));
    return binding;
  }

  Channel channel(const Json& json) const {
    Channel channel;
    channel.from = end(at(json, "from"), "channel from");
    channel.number = u32(at(json, "number"), "channel number");
    channel.slots = u32s(at(json, "slots"), "channel slots");
    for (const Json& one : list(at(json, "to"), "channel to")) {
      list(one, "channel to", 7);
      channel.to.push_back({end(one[0], "channel to"), u32(one[1], "inbound"), u32(one[2], "delivery"),
                            u32(one[3], "hops"), u32(one[4], "credit counter"), u32s(one[6], "credit slots"),
                            u32(one[5], "credit hops")});
    }
    return channel;
  }

  Promise promise(const Json& json) const {
    Promise promise;
    if (text(at(json, "name"), "promise name") != name_of(PromiseKind::kGuaranteed))
      malformed("promise name", "\"guaranteed\"");
    try {
      promise.period = Ratio::parse(text(at(json, "period"), "period"));
    } catch (const Error&) {
      malformed("period", "a ratio such as \"1234\" or \"16/3\"");
    }
    if (promise.period <= Ratio(0)) malformed("period", "more than 0 cycles");
    promise.offset = i64(at(json, "offset"), "offset");
    promise.latency = i64(at(json, "latency"), "latency");
    if (promise.offset < 0 || promise.latency < 0) malformed("offset and latency", "no negative cycles");
    for (const Json& one : list(at(json, "potentials"), "potentials")) {
      list(one, "potentials", 2);
      promise.potentials.emplace_back(text(one[0], "potentials"), i64(one[1], "potentials"));
      if (promise.potentials.back().second < 0) malformed("potentials", "no negative ones");
    }
    for (const Json& one : list(at(json, "critical_cycle"), "critical_cycle"))
      promise.critical_cycle.push_back(text(one, "critical_cycle"));
    promise.detail = text(at(json, "detail"), "detail");
    return promise;
  }

 private:
  std::string name_;
};

/// The lock file, opened and locked; -1 where another holds it, or it was removed in between.
int try_lock(const std::string& lock) {
  const int file = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
  if (file < 0) throw input_error(lock + ": the lock file cannot be made: " + std::strerror(errno));
  const int locked = ::flock(file, LOCK_EX | LOCK_NB);
  const int error = errno;
  struct stat opened {
  }, named{};
  if (locked == 0 && ::fstat(file, &opened) == 0 && ::stat(lock.c_str(), &named) == 0 &&
      opened.st_ino == named.st_ino && opened.st_dev == named.st_dev)
    return file;
  ::close(file);
  if (locked != 0 && error != EWOULDBLOCK && error != EINTR)
    throw input_error(lock + ": cannot be locked: " + std::strerror(error));
  return -1;
}

}  // namespace

std::string state_path(const std::string& path) {
  namespace fs = std::filesystem;
  constexpr int kMostLinks = 40;  // as Linux
  fs::path at = path;
  std::error_code failed;
  for (int links = 0; fs::is_symlink(fs::symlink_status(at, failed)); ++links) {
    if (links == kMostLinks)
      throw input_error(path + ": its symbolic links go in a circle; expected a chip state");
    const fs::path next = fs::read_symlink(at, failed);
    if (failed) throw input_error(path + ": " + failed.message());
    at = next.is_absolute() ? next : at.parent_path() / next;
  }
  const fs::file_status status = fs::status(path, failed);
  if (fs::exists(status) && !fs::is_regular_file(status))
    throw input_error(path +
                      ": not a regular file; a chip state is read, locked and replaced, which needs one");
  return at.string();
}

StateLock::StateLock(const std::string& path, std::chrono::milliseconds patience, const OnWait& on_wait) {
  lock_ = state_path(path) + ".lock";
  const auto until = std::chrono::steady_clock::now() + patience;
  bool said = false;
  while ((file_ = try_lock(lock_)) < 0) {
    if (std::chrono::steady_clock::now() >= until)
      throw input_error(lock_ + ": held by another admission or release for longer than " +
                        std::to_string(patience.count()) + " ms; wait for it, or end it");
    if (!said && on_wait) on_wait(lock_);
    said = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

StateLock::~StateLock() {
  // Who waits for it finds that the file it has open is not the one of that name any more.
  ::unlink(lock_.c_str());
  ::close(file_);
}

std::string encode_state(const ChipState& state) {
  Json json;
  json["format"] = kFormat;
  json["version"] = kVersion;
  json["chip"] = {{"name", printable(state.chip().name)},
                  {"clock_mhz", state.chip().clock_mhz},
                  {"text", chip_text(state.chip())}};
  json["residents"] = Json::array();
  for (const Resident& resident : state.residents())
    json["residents"].push_back({{"name", resident.name},
                                 {"digest", resident.digest},
                                 {"point", resident.point},
                                 {"promise", json_of(resident.promise)},
                                 {"binding", json_of(resident.binding)}});
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

ChipState decode_state(const std::string& text, const std::string& name) {
  const Reader reader(name);
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("format") || json["format"] != kFormat)
    throw input_error(name + ": not a chip state; expected the JSON that `spikeloom admit` writes");
  if (const Json& version = reader.at(json, "version"); version != kVersion)
    throw input_error(name + ": a chip state of version " +
                      version.dump(-1, ' ', false, Json::error_handler_t::replace) +
                      "; this program reads version " + std::to_string(kVersion) +
                      ": use the program that wrote it, or release its residents there and start anew");
  if (const std::optional<std::string> key = repeated_json_key(text))
    reader.malformed(printable(*key), "that key once in its object");
  const Json& described = reader.at(json, "chip");
  Chip chip = parse_chip(reader.text(reader.at(described, "text"), "chip text"), name + ": chip");
  chip.name = reader.text(reader.at(described, "name"), "chip name");
  if (!reader.at(described, "clock_mhz").is_number() || !(described["clock_mhz"].get<double>() > 0))
    reader.malformed("clock_mhz", "a number above 0");
  chip.clock_mhz = described["clock_mhz"].get<double>();
  std::vector<Resident> residents;
  for (const Json& one : reader.list(reader.at(json, "residents"), "residents"))
    residents.push_back({reader.text(reader.at(one, "name"), "name"),
                         reader.binding(reader.at(one, "binding")), reader.promise(reader.at(one, "promise")),
                         reader.text(reader.at(one, "point"), "point"),
                         reader.text(reader.at(one, "digest"), "digest")});
  Problems problems;
  for (const std::string& fault : check(chip, residents)) problems.add(fault);
  problems.throw_if_any(name + ": malformed chip state");
  ChipState state(std::move(chip));
  for (Resident& resident : residents) state.enter(std::move(resident));
  return state;
}

std::optional<ChipState> read_state(const std::string& path) {
  (void)state_path(path);
  std::error_code failed;
  if (!std::filesystem::exists(path, failed) && !failed) return std::nullopt;
  const std::vector<std::uint8_t> bytes = read_file(path);
  return decode_state({bytes.begin(), bytes.end()}, path);
}

void write_state(const ChipState& state, const std::string& path) {
  const std::string text = encode_state(state);
  if (encode_state(decode_state(text, path + ", about to be written")) != text)
    throw input_error(path + ": not written, as it would be read back as another state");
  write_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace spikeloom
