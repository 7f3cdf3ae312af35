#include "compiler/data/hdf5_file.hpp"

#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "compiler/base/child.hpp"
#include "compiler/base/hdf5.hpp"
#include "compiler/data/formats.hpp"

namespace spikeloom::readers {
namespace {

/// More values than this in one sample are taken for a damaged file.
constexpr std::size_t kMostValues = std::size_t{1} << 28U;

hid_t id_of(const std::shared_ptr<const void>& handle) {
  return static_cast<const Hdf5Handle*>(handle.get())->id();
}

Hdf5Handle open_group(hid_t file, const std::string& name) {
  return {H5Gopen2(file, name.empty() ? "/" : name.c_str(), H5P_DEFAULT), H5Gclose};
}

bool is_numeric(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  return kind == H5T_INTEGER || kind == H5T_FLOAT || (kind == H5T_ENUM && H5Tget_size(type) == 1);
}

/// One list of an array of lists.
herr_t read_list(hid_t set, hid_t memory, hid_t space, std::vector<double>& values) {
  const Hdf5Handle type(H5Tvlen_create(H5T_NATIVE_DOUBLE), H5Tclose);
  hvl_t list{};
  const herr_t status = H5Dread(set, type.id(), memory, space, H5P_DEFAULT, &list);
  if (status >= 0) {
    if (list.len > kMostValues) throw input_error("a list of " + std::to_string(list.len) + " values");
    const auto* first = static_cast<const double*>(list.p);
    if (list.len != 0) values.assign(first, first + list.len);
    H5Dvlen_reclaim(type.id(), memory, H5P_DEFAULT, &list);
  }
  return status;
}

template <class T>
void put(std::string& text, T value) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(T));
  text.append(bytes.data(), bytes.size());
}

void put(std::string& text, const std::string& value) {
  put(text, value.size());
  text += value;
}

void put(std::string& text, const Train& train) {
  put(text, train.steps());
  for (std::size_t t = 0; t < train.steps(); ++t) {
    put(text, train.at(t).size());
    for (const Event& event : train.at(t)) {
      put(text, event.element);
      put(text, event.value);
    }
  }
}

/// Between the two processes: notes and every sample.
std::string pack(const Dataset& data) {
  std::string text;
  put(text, data.notes.size());
  for (const std::string& note : data.notes) put(text, note);
  put(text, data.samples.size());
  for (const Sample& sample : data.samples) {
    put(text, sample.id);
    put(text, sample.label.has_value());
    put(text, sample.label.value_or(0));
    for (const Train& train : sample.inputs) put(text, train);
  }
  return text;
}

class Unpacker {
 public:
  explicit Unpacker(const std::string& text) : text_(text) {}
  Dataset data(std::size_t ports) {
    Dataset data;
    for (auto notes = take<std::size_t>(); notes > 0; --notes) data.notes.push_back(string());
    data.samples.resize(take<std::size_t>());
    for (Sample& sample : data.samples) {
      sample.id = string();
      const bool is_labelled = take<bool>();
      const auto label = take<std::int64_t>();
      if (is_labelled) sample.label = label;
      for (std::size_t p = 0; p < ports; ++p) sample.inputs.push_back(train());
    }
    return data;
  }

 private:
  template <class T>
  T take() {
    SPIKELOOM_CHECK(text_.size() - at_ >= sizeof(T));
    T value{};
    std::memcpy(&value, text_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  std::string string() {
    const auto size = take<std::size_t>();
    SPIKELOOM_CHECK(text_.size() - at_ >= size);
    at_ += size;
    return text_.substr(at_ - size, size);
  }
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

/// In the child.
Dataset read_here(const std::filesystem::path& path, const std::vector<Port>& ports,
                  const DatasetOptions& options) {
  const Hdf5File file(path);
  std::string expected;
  for (const Format& format : formats()) {
    const auto* hdf5 = std::get_if<Hdf5Format>(&format.reader);
    if (hdf5 == nullptr) continue;
    if (file.has(std::string(hdf5->group))) return hdf5->read(file, ports, options);
    expected += (expected.empty() ? "" : " or ") + std::string(format.name) + ", which has a group '" +
                std::string(hdf5->group) + "'";
  }
  throw input_error("expected " + expected + "; found " + join(file.names_in("")));
}

}  // namespace

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "nothing" : text;
}

Hdf5File::Hdf5File(const std::filesystem::path& path) {
  const auto file =
      std::make_shared<Hdf5Handle>(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!file->valid()) throw input_error("not a readable HDF5 file");
  file_ = file;
}

Hdf5File::Hdf5File(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kGrowth = std::size_t{1} << 16U;  // of a file that is written, which this one is not
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fapl_core(access.id(), kGrowth, 0);
  // The library copies the bytes.
  H5Pset_file_image(access.id(), const_cast<std::uint8_t*>(bytes.data()), bytes.size());
  const auto file = std::make_shared<Hdf5Handle>(H5Fopen("bytes", H5F_ACC_RDONLY, access.id()), H5Fclose);
  if (!file->valid()) throw input_error("no readable HDF5 file");
  file_ = file;
}

bool Hdf5File::has(const std::string& name) const {
  // HDF5 asks for the last part of a path only where all before it are there.
  for (std::size_t end = 0; end != std::string::npos;) {
    end = name.find('/', end + 1);
    if (H5Lexists(id_of(file_), name.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return true;
}

std::vector<std::string> Hdf5File::names_in(const std::string& group) const {
  std::vector<std::string> names;
  const Hdf5Handle open = open_group(id_of(file_), group);
  H5G_info_t info;
  if (!open.valid() || H5Gget_info(open.id(), &info) < 0) return names;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    const ssize_t length =
        H5Lget_name_by_idx(open.id(), ".", H5_INDEX_NAME, H5_ITER_INC, i, nullptr, 0, H5P_DEFAULT);
    if (length < 0) continue;
    std::string name(static_cast<std::size_t>(length) + 1, '\0');
    H5Lget_name_by_idx(open.id(), ".", H5_INDEX_NAME, H5_ITER_INC, i, name.data(), name.size(), H5P_DEFAULT);
    name.resize(static_cast<std::size_t>(length));
    names.push_back(std::move(name));
  }
  return names;
}

std::string Hdf5File::text(const std::string& group, const std::string& name) const {
  const Hdf5Handle object = open_group(id_of(file_), group);
  if (!object.valid() || H5Aexists(object.id(), name.c_str()) <= 0) return {};
  const Hdf5Handle attribute(H5Aopen(object.id(), name.c_str(), H5P_DEFAULT), H5Aclose);
  const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose);
  if (!type.valid() || H5Tget_class(type.id()) != H5T_STRING) return {};
  const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose);
  if (H5Sget_simple_extent_npoints(space.id()) != 1) return {};
  if (H5Tis_variable_str(type.id()) > 0) {
    char* text = nullptr;
    if (H5Aread(attribute.id(), type.id(), static_cast<void*>(&text)) < 0 || text == nullptr) return {};
    std::string result(text);
    H5free_memory(text);
    return result;
  }
  std::string text(H5Tget_size(type.id()), '\0');
  if (H5Aread(attribute.id(), type.id(), text.data()) < 0) return {};
  return text.substr(0, text.find('\0'));
}

std::optional<double> Hdf5File::number(const std::string& group, const std::string& name) const {
  const Hdf5Handle object = open_group(id_of(file_), group);
  if (!object.valid() || H5Aexists(object.id(), name.c_str()) <= 0) return std::nullopt;
  const Hdf5Handle attribute(H5Aopen(object.id(), name.c_str(), H5P_DEFAULT), H5Aclose);
  const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose);
  double value = 0;
  if (H5Sget_simple_extent_npoints(space.id()) != 1 || H5Aread(attribute.id(), H5T_NATIVE_DOUBLE, &value) < 0)
    return std::nullopt;
  return value;
}

Hdf5Table Hdf5File::table(const std::string& group, const std::string& name) const {
  const std::string path = group.empty() ? name : group + "/" + name;
  if (!has(path)) throw input_error("lacks the dataset '" + name + "'");
  const auto set = std::make_shared<Hdf5Handle>(H5Dopen2(id_of(file_), path.c_str(), H5P_DEFAULT), H5Dclose);
  if (!set->valid()) throw input_error("'" + name + "' is no dataset");
  const Hdf5Handle space(H5Dget_space(set->id()), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space.id());
  if (rank < 1) throw input_error("'" + name + "' has no dimension for samples");
  std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space.id(), extents.data(), nullptr);
  Hdf5Table table;
  table.name_ = name;
  table.shape_.assign(extents.begin(), extents.end());
  table.values_ = 1;
  for (std::size_t d = 1; d < table.shape_.size(); ++d) {
    if (table.shape_[d] != 0 && table.values_ > kMostValues / table.shape_[d])
      throw input_error("'" + name + "' of shape " + print_shape(table.shape_) + " is too large");
    table.values_ *= table.shape_[d];
  }
  const Hdf5Handle type(H5Dget_type(set->id()), H5Tclose);
  table.lists_ = rank == 1 && H5Tget_class(type.id()) == H5T_VLEN;
  const Hdf5Handle item(table.lists_ ? H5Tget_super(type.id()) : H5Tcopy(type.id()), H5Tclose);
  if (!is_numeric(item.id())) throw input_error("'" + name + "' does not hold numbers");
  table.set_ = set;
  return table;
}

std::vector<double> Hdf5Table::sample(std::size_t at) const {
  const hid_t set = id_of(set_);
  const Hdf5Handle space(H5Dget_space(set), H5Sclose);
  std::vector<hsize_t> start(shape_.size(), 0);
  std::vector<hsize_t> count(shape_.begin(), shape_.end());
  start[0] = at;
  count[0] = 1;
  H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
  const hsize_t flat = values_;
  const Hdf5Handle memory(H5Screate_simple(1, &flat, nullptr), H5Sclose);
  const Hdf5Handle type(H5Dget_type(set), H5Tclose);
  std::vector<double> result(lists_ ? 0 : values_);
  if (values_ == 0) return result;
  herr_t status = -1;
  if (lists_) {
    status = read_list(set, memory.id(), space.id(), result);
  } else if (H5Tget_class(type.id()) == H5T_ENUM) {  // h5py's bool, which HDF5 does not convert
    std::vector<std::int8_t> flags(values_);
    status = H5Dread(set, type.id(), memory.id(), space.id(), H5P_DEFAULT, flags.data());
    std::copy(flags.begin(), flags.end(), result.begin());
  } else {
    status = H5Dread(set, H5T_NATIVE_DOUBLE, memory.id(), space.id(), H5P_DEFAULT, result.data());
  }
  if (status < 0)
    throw input_error("'" + name_ + "': sample " + std::to_string(at) +
                      " cannot be read; the file is damaged");
  return result;
}

std::string in_hdf5_child(std::size_t file_bytes, const std::function<std::string()>& read) {
  constexpr char kRead = 'r', kRefused = 'x';  // how an answer begins
  const ChildLimits share = limits_for(file_bytes);
  ChildAnswer found = in_child(share, [&] {
    const QuietHdf5 quiet;
    try {
      return kRead + read();
    } catch (const Error& error) {
      return kRefused + std::string(error.what());
    }
  });
  using End = ChildAnswer::End;
  if (found.end == End::kTimeLimit || found.end == End::kMemoryLimit)
    throw input_error("reading it takes more than " +
                      (found.end == End::kTimeLimit
                           ? std::to_string(share.seconds) + " s of processor time"
                           : std::to_string(share.memory >> 20U) + " MiB of memory") +
                      ", the limit for a file of its size; it may be damaged: write the file again");
  if (!found.well() || found.text.empty())
    throw input_error("damaged: the HDF5 library fails on it; write the file again");
  const bool is_refused = found.text.front() == kRefused;
  found.text.erase(0, 1);
  if (is_refused) throw input_error(found.text);
  return std::move(found.text);
}

Dataset read_hdf5(const std::filesystem::path& path, const std::vector<Port>& ports,
                  const DatasetOptions& options) {
  const std::size_t bytes = std::filesystem::file_size(path);
  try {
    const std::string packed = in_hdf5_child(bytes, [&] { return pack(read_here(path, ports, options)); });
    return Unpacker(packed).data(ports.size());
  } catch (const Error& error) {
    throw error.within(path.string());
  }
}

}  // namespace spikeloom::readers
