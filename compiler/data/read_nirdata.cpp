// NIRData: recorded or prepared data in HDF5, node by node.
// Source: the NIR project's data format (NIRGraphData, nir.write_data).
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "compiler/base/child.hpp"
#include "compiler/data/readers.hpp"

namespace spikeloom::readers {
namespace {

/// More values than this in one sample are taken for a damaged file.
constexpr std::size_t kMostValues = std::size_t{1} << 28U;

/// An HDF5 id that closes itself.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Handle(Handle&& other) noexcept : id_(other.id_), close_(other.close_) { other.id_ = -1; }
  Handle& operator=(Handle&&) = delete;
  [[nodiscard]] hid_t get() const { return id_; }
  [[nodiscard]] bool valid() const { return id_ >= 0; }

 private:
  hid_t id_;
  Close close_;
};

/// HDF5 prints its own errors unless told not to; what was set before comes back.
class QuietHdf5 {
 public:
  QuietHdf5() {
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~QuietHdf5() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  QuietHdf5(const QuietHdf5&) = delete;
  QuietHdf5& operator=(const QuietHdf5&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

Handle open_group(hid_t at, const std::string& name) {
  const bool there = H5Lexists(at, name.c_str(), H5P_DEFAULT) > 0;
  return {there ? H5Gopen2(at, name.c_str(), H5P_DEFAULT) : H5I_INVALID_HID, H5Gclose};
}

std::vector<std::string> names_in(hid_t group) {
  std::vector<std::string> names;
  H5G_info_t info;
  if (H5Gget_info(group, &info) < 0) return names;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    const ssize_t length =
        H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, nullptr, 0, H5P_DEFAULT);
    if (length < 0) continue;
    std::string name(static_cast<std::size_t>(length) + 1, '\0');
    H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name.data(), name.size(), H5P_DEFAULT);
    name.resize(static_cast<std::size_t>(length));
    names.push_back(std::move(name));
  }
  return names;
}

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "nothing" : text;
}

/// A text attribute; empty when there is none.
std::string text_attribute(hid_t object, const char* name) {
  if (H5Aexists(object, name) <= 0) return {};
  const Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
  const Handle type(H5Aget_type(attribute.get()), H5Tclose);
  if (!type.valid() || H5Tget_class(type.get()) != H5T_STRING) return {};
  const Handle space(H5Aget_space(attribute.get()), H5Sclose);
  if (H5Sget_simple_extent_npoints(space.get()) != 1) return {};
  if (H5Tis_variable_str(type.get()) > 0) {
    char* text = nullptr;
    if (H5Aread(attribute.get(), type.get(), static_cast<void*>(&text)) < 0 || text == nullptr) return {};
    std::string result(text);
    H5free_memory(text);
    return result;
  }
  std::string text(H5Tget_size(type.get()), '\0');
  if (H5Aread(attribute.get(), type.get(), text.data()) < 0) return {};
  return text.substr(0, text.find('\0'));
}

std::optional<double> number_attribute(hid_t object, const char* name) {
  if (H5Aexists(object, name) <= 0) return std::nullopt;
  const Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
  const Handle space(H5Aget_space(attribute.get()), H5Sclose);
  double value = 0;
  if (H5Sget_simple_extent_npoints(space.get()) != 1 ||
      H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value) < 0)
    return std::nullopt;
  return value;
}

/// A dataset whose first dimension is the sample.
class Table {
 public:
  Table(hid_t group, const std::string& name)
      : name_(name),
        set_(H5Lexists(group, name.c_str(), H5P_DEFAULT) > 0 ? H5Dopen2(group, name.c_str(), H5P_DEFAULT)
                                                             : H5I_INVALID_HID,
             H5Dclose) {
    if (!set_.valid()) throw input_error("lacks the dataset '" + name + "'");
    const Handle space(H5Dget_space(set_.get()), H5Sclose);
    const int rank = H5Sget_simple_extent_ndims(space.get());
    if (rank < 1) throw input_error("'" + name + "' has no dimension for samples");
    std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
    H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr);
    shape_.assign(extents.begin(), extents.end());
    std::size_t values = 1;
    for (std::size_t d = 1; d < shape_.size(); ++d) {
      if (shape_[d] != 0 && values > kMostValues / shape_[d])
        throw input_error("'" + name + "' of shape " + print_shape(shape_) + " is too large");
      values *= shape_[d];
    }
    values_ = values;
  }
  [[nodiscard]] const std::vector<std::size_t>& shape() const { return shape_; }
  [[nodiscard]] std::size_t samples() const { return shape_.front(); }

  [[nodiscard]] std::vector<double> sample(std::size_t s) const {
    const Handle space(H5Dget_space(set_.get()), H5Sclose);
    std::vector<hsize_t> start(shape_.size(), 0);
    std::vector<hsize_t> count(shape_.begin(), shape_.end());
    start[0] = s;
    count[0] = 1;
    H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
    const hsize_t flat = values_;
    const Handle memory(H5Screate_simple(1, &flat, nullptr), H5Sclose);
    const Handle type(H5Dget_type(set_.get()), H5Tclose);
    std::vector<double> result(values_);
    if (values_ == 0) return result;
    herr_t status = -1;
    const H5T_class_t kind = H5Tget_class(type.get());
    if (kind == H5T_ENUM && H5Tget_size(type.get()) == 1) {  // h5py's bool, which HDF5 does not convert
      std::vector<std::int8_t> flags(values_);
      status = H5Dread(set_.get(), type.get(), memory.get(), space.get(), H5P_DEFAULT, flags.data());
      std::copy(flags.begin(), flags.end(), result.begin());
    } else if (kind == H5T_INTEGER || kind == H5T_FLOAT) {
      status = H5Dread(set_.get(), H5T_NATIVE_DOUBLE, memory.get(), space.get(), H5P_DEFAULT, result.data());
    } else {
      throw input_error("'" + name_ + "' does not hold numbers");
    }
    if (status < 0)
      throw input_error("'" + name_ + "': sample " + std::to_string(s) +
                        " cannot be read; the file is damaged");
    return result;
  }

 private:
  std::string name_;
  Handle set_;
  std::vector<std::size_t> shape_;
  std::size_t values_ = 0;
};

std::vector<Train> gridded(hid_t group, const Port& port, std::size_t limit) {
  const Table table(group, "data");
  if (const auto problem = shape_problem(table.shape(), 2, port)) throw input_error("data: " + *problem);
  std::vector<Train> trains;
  for (std::size_t s = 0; s < std::min(table.samples(), limit); ++s) {
    const std::vector<double> values = table.sample(s);
    trains.push_back(dense(table.shape()[1], port, [&](std::size_t i) { return values[i]; }));
  }
  return trains;
}

/// The step that a time in seconds falls in; a time that is a multiple of dt but for rounding begins it.
std::size_t step_of(double time, double dt) {
  const double step = std::floor(time / dt * (1 + 1e-12) + 1e-9);
  if (!(step >= 0 && step <= static_cast<double>(kMostSteps))) {
    throw input_error("time " + std::to_string(time) + " s at dt " + std::to_string(dt) + " s is no step");
  }
  return static_cast<std::size_t>(step);
}

std::vector<Train> events(hid_t group, const Port& port, const DatasetOptions& options, std::size_t limit) {
  if (!options.dt || !(*options.dt > 0))
    throw input_error("event times are in seconds: give the length of a step, --dt SECONDS");
  const Table idx(group, "idx");
  const Table time(group, "time");
  std::optional<Table> value;
  if (H5Lexists(group, "value", H5P_DEFAULT) > 0) value.emplace(group, "value");
  if (idx.shape().size() != 2 || time.shape() != idx.shape() || (value && value->shape() != idx.shape())) {
    throw input_error("idx, time and value must have one shape (samples, events), found idx " +
                      print_shape(idx.shape()) + " and time " + print_shape(time.shape()));
  }
  const auto t_max = number_attribute(group, "t_max");
  const std::size_t least_steps =
      t_max && std::isfinite(*t_max) && *t_max > 0 ? step_of(*t_max, *options.dt) : 0;
  std::vector<Train> trains;
  for (std::size_t s = 0; s < std::min(idx.samples(), limit); ++s) {
    const std::vector<double> indices = idx.sample(s);
    const std::vector<double> times = time.sample(s);
    const std::vector<double> values = value ? value->sample(s) : std::vector<double>(indices.size(), 1.0);
    std::vector<TimedEvent> list;
    for (std::size_t e = 0; e < indices.size(); ++e) {
      if (indices[e] == -1) continue;  // padding to the longest sample
      if (!(indices[e] >= 0 && indices[e] < 0x1p32) || indices[e] != std::floor(indices[e])) {
        throw input_error("sample " + std::to_string(s) + ": event " + std::to_string(e) + " has index " +
                          std::to_string(indices[e]));
      }
      list.push_back({step_of(times[e], *options.dt), static_cast<std::size_t>(indices[e]), values[e]});
    }
    trains.push_back(bin(std::move(list), port));
    trains.back().resize(std::max(trains.back().steps(), least_steps));
  }
  return trains;
}

std::vector<Train> node_trains(hid_t node, const Port& port, const DatasetOptions& options) {
  const Handle observables = open_group(node, "observables");
  if (!observables.valid()) throw input_error("has no observables");
  const std::vector<std::string> names = names_in(observables.get());
  const auto has = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const std::string name = has("spikes")       ? "spikes"
                           : has("values")     ? "values"
                           : names.size() == 1 ? names.front()
                                               : "";
  if (name.empty())
    throw input_error("expected the observable spikes or values, or a single one; found " + join(names));
  const Handle group = open_group(observables.get(), name);
  const std::string type = group.valid() ? text_attribute(group.get(), "__type__") : "";
  const std::size_t limit = options.limit.value_or(static_cast<std::size_t>(-1));
  try {
    if (type == "TimeGriddedData") return gridded(group.get(), port, limit);
    if (type == "EventData" || type == "ValuedEventData") return events(group.get(), port, options, limit);
    throw input_error("type is '" + type + "', expected TimeGriddedData, EventData or ValuedEventData");
  } catch (const Error& error) {
    throw error.within(name);
  }
}

Dataset read_here(const std::filesystem::path& path, const std::vector<Port>& ports,
                  const DatasetOptions& options) {
  const QuietHdf5 quiet;
  const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!file.valid()) throw input_error(path.string() + ": not a readable HDF5 file");
  const std::string type = text_attribute(file.get(), "__type__");
  const Handle nodes = open_group(file.get(), "nodes");
  if (type != "NIRGraphData" || !nodes.valid()) {
    throw input_error(
        path.string() +
        ": not NIRData, which has the attribute __type__ = NIRGraphData and a group 'nodes'; found '" + type +
        "' and " + join(names_in(file.get())));
  }
  const std::vector<std::string> names = names_in(nodes.get());
  Problems problems;
  Dataset data;
  for (const Port& port : ports) {
    std::string name = port.name;
    const bool there = std::find(names.begin(), names.end(), name) != names.end();
    if (!there && ports.size() == 1 && names.size() == 1) name = names.front();
    try {
      const Handle node = open_group(nodes.get(), name);
      if (!node.valid()) throw input_error("no such node, found " + join(names));
      std::vector<Train> trains = node_trains(node.get(), port, options);
      if (data.samples.empty()) data.samples.resize(trains.size());
      if (data.samples.size() != trains.size())
        throw input_error("has " + std::to_string(trains.size()) + " samples, another input " +
                          std::to_string(data.samples.size()));
      for (std::size_t s = 0; s < trains.size(); ++s) data.samples[s].inputs.push_back(std::move(trains[s]));
    } catch (const Error& error) {
      problems.add("node '" + name + "': " + error.what());
    }
  }
  problems.throw_if_any(path.string());
  return data;
}

template <class T>
void put(std::string& text, T value) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(T));
  text.append(bytes.data(), bytes.size());
}

/// Between the two processes: an error, or every train's steps and events.
std::string pack(const std::string& error, const Dataset& data) {
  std::string text;
  put(text, error.size());
  text += error;
  put(text, data.samples.size());
  for (const Sample& sample : data.samples) {
    for (const Train& train : sample.inputs) {
      put(text, train.steps());
      for (std::size_t t = 0; t < train.steps(); ++t) {
        put(text, train.at(t).size());
        for (const Event& event : train.at(t)) {
          put(text, event.element);
          put(text, event.value);
        }
      }
    }
  }
  return text;
}

class Unpacker {
 public:
  explicit Unpacker(const std::string& text) : text_(text) {}
  template <class T>
  T take() {
    SPIKELOOM_CHECK(text_.size() - at_ >= sizeof(T));
    T value{};
    std::memcpy(&value, text_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  Dataset data(std::size_t ports) {
    const auto error_size = take<std::size_t>();
    SPIKELOOM_CHECK(text_.size() - at_ >= error_size);
    if (error_size != 0) throw input_error(text_.substr(at_, error_size));
    Dataset data;
    data.samples.resize(take<std::size_t>());
    for (std::size_t s = 0; s < data.samples.size(); ++s) {
      data.samples[s].id = std::to_string(s);
      for (std::size_t p = 0; p < ports; ++p) data.samples[s].inputs.push_back(train());
    }
    return data;
  }

 private:
  Train train() {
    Train train;
    for (auto steps = take<std::size_t>(); steps > 0; --steps) {
      for (auto events = take<std::size_t>(); events > 0; --events) {
        const auto element = take<std::uint32_t>();
        train.add(element, take<double>());
      }
      train.end_step();
    }
    return train;
  }
  const std::string& text_;
  std::size_t at_ = 0;
};

/// Slower than any disk and inflate; room for the most values that a sample may claim.
ChildLimits limits_for(std::size_t file_bytes) {
  constexpr std::size_t kBytesPerSecond = std::size_t{1} << 22U;
  return {static_cast<unsigned>(2 + file_bytes / kBytesPerSecond), std::size_t{8} << 30U};
}

}  // namespace

Dataset read_nirdata(const std::filesystem::path& path, const std::vector<Port>& ports,
                     const DatasetOptions& options) {
  const ChildLimits share = limits_for(std::filesystem::file_size(path));
  const ChildAnswer found = in_child(share, [&] {
    try {
      return pack("", read_here(path, ports, options));
    } catch (const Error& error) {
      return pack(error.what(), {});
    }
  });
  using End = ChildAnswer::End;
  if (found.end == End::kTimeLimit || found.end == End::kMemoryLimit)
    throw input_error(path.string() + ": reading it takes more than " +
                      (found.end == End::kTimeLimit
                           ? std::to_string(share.seconds) + " s of processor time"
                           : std::to_string(share.memory >> 20U) + " MiB of memory") +
                      ", the limit for a file of its size; it may be damaged: write the file again");
  if (!found.well())
    throw input_error(path.string() + ": damaged: the HDF5 library fails on it; write the file again");
  return Unpacker(found.text).data(ports.size());
}

}  // namespace spikeloom::readers
