#include "compiler/data/npz.hpp"

#include <zip.h>

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/base/file.hpp"

namespace spikeloom {
namespace {

constexpr std::uint16_t kDosDate1980 = 0x21;  // 1 January 1980, the zip format's first day

std::string text_of(zip_error_t* error) {
  std::string text = zip_error_strerror(error);
  zip_error_fini(error);
  return text;
}

struct Closer {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
  void operator()(zip_t* archive) const { zip_discard(archive); }
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
using ArchiveHandle = std::unique_ptr<zip_t, Closer>;
using FileHandle = std::unique_ptr<zip_file_t, Closer>;
using SourceHandle = std::unique_ptr<zip_source_t, Closer>;

std::vector<std::uint8_t> read_member(zip_t* archive, std::uint64_t index) {
  const FileHandle file(zip_fopen_index(archive, index, 0));
  if (!file) throw input_error(std::string("cannot be unpacked: ") + zip_strerror(archive));
  // The stated size is not believed: memory grows with what really comes.
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> block(1U << 16U);
  while (true) {
    const zip_int64_t count = zip_fread(file.get(), block.data(), block.size());
    if (count < 0) throw input_error(std::string("cannot be unpacked: ") + zip_file_strerror(file.get()));
    if (count == 0) break;
    bytes.insert(bytes.end(), block.begin(), block.begin() + count);
  }
  return bytes;
}

/// Takes the finished archive out of the growing buffer that libzip wrote it to.
std::vector<std::uint8_t> drain(zip_source_t* source) {
  zip_stat_t stat;
  if (zip_source_open(source) != 0 || zip_source_stat(source, &stat) != 0) {
    throw input_error(std::string("cannot be packed: ") + zip_error_strerror(zip_source_error(source)));
  }
  std::vector<std::uint8_t> bytes(stat.size);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const zip_int64_t count = zip_source_read(source, bytes.data() + done, bytes.size() - done);
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  zip_source_close(source);
  if (done != bytes.size()) throw input_error("cannot be packed");
  return bytes;
}

void add_member(zip_t* archive, const std::string& name, const std::vector<std::uint8_t>& bytes) {
  SourceHandle source(zip_source_buffer(archive, bytes.data(), bytes.size(), 0));
  const zip_int64_t index =
      source ? zip_file_add(archive, (name + ".npy").c_str(), source.get(), ZIP_FL_ENC_UTF_8) : -1;
  if (index < 0) throw input_error(name + ": cannot be packed: " + zip_strerror(archive));
  static_cast<void>(source.release());  // the archive owns it now
  const auto at = static_cast<std::uint64_t>(index);
  if (zip_file_set_dostime(archive, at, 0, kDosDate1980, 0) != 0 ||
      zip_set_file_compression(archive, at, ZIP_CM_DEFLATE, 6) != 0) {
    throw input_error(name + ": cannot be packed: " + zip_strerror(archive));
  }
}

std::vector<std::uint8_t> pack(const NamedArrays& arrays) {
  zip_error_t error;
  zip_error_init(&error);
  SourceHandle buffer(zip_source_buffer_create(nullptr, 0, 0, &error));
  if (!buffer) throw input_error(text_of(&error));
  zip_source_keep(buffer.get());  // zip_close gives up one reference, `drain` needs another
  ArchiveHandle archive(zip_open_from_source(buffer.get(), ZIP_CREATE | ZIP_TRUNCATE, &error));
  if (!archive) {
    zip_source_free(buffer.get());
    throw input_error(text_of(&error));
  }
  std::vector<std::vector<std::uint8_t>> members;  // libzip reads them when it closes
  members.reserve(arrays.size());
  for (const auto& [name, array] : arrays) {
    members.push_back(array.to_npy());
    add_member(archive.get(), name, members.back());
  }
  if (zip_close(archive.get()) != 0)
    throw input_error(std::string("cannot be packed: ") + zip_strerror(archive.get()));
  static_cast<void>(archive.release());
  return drain(buffer.get());
}

}  // namespace

struct NpzReader::Archive {
  struct Discard {
    void operator()(zip_t* archive) const { zip_discard(archive); }
  };
  std::vector<std::uint8_t> bytes;
  std::unique_ptr<zip_t, Discard> handle;
};

NpzReader::NpzReader(const std::filesystem::path& path) : path_(path), archive_(std::make_unique<Archive>()) {
  archive_->bytes = read_file(path);
  zip_error_t error;
  zip_error_init(&error);
  SourceHandle source(zip_source_buffer_create(archive_->bytes.data(), archive_->bytes.size(), 0, &error));
  if (source) archive_->handle.reset(zip_open_from_source(source.get(), ZIP_RDONLY, &error));
  if (!archive_->handle) {
    throw input_error(path.string() + ": not an .npz archive: " + text_of(&error) +
                      "; expected what numpy.savez writes");
  }
  static_cast<void>(source.release());
  const zip_int64_t count = zip_get_num_entries(archive_->handle.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(archive_->handle.get(), static_cast<std::uint64_t>(i), 0);
    std::string text = name == nullptr ? "" : name;
    if (text.ends_with(".npy")) text.resize(text.size() - 4);
    names_.push_back(std::move(text));
  }
}

NpzReader::~NpzReader() = default;
NpzReader::NpzReader(NpzReader&&) noexcept = default;
NpzReader& NpzReader::operator=(NpzReader&&) noexcept = default;

bool NpzReader::contains(const std::string& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

std::string NpzReader::list() const {
  std::string text;
  for (const std::string& name : names_) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "nothing" : text;
}

Array NpzReader::read(const std::string& name) const {
  std::variant<Array, Records> any = read_any(name);
  if (auto* array = std::get_if<Array>(&any)) return std::move(*array);
  throw input_error(path_.string() + ": " + name +
                    ": a structured array (several named fields); expected plain numbers");
}

std::variant<Array, Records> NpzReader::read_any(const std::string& name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) {
    throw input_error(path_.string() + ": has no array '" + name + "', it has " + list());
  }
  try {
    return parse_any_npy(
        read_member(archive_->handle.get(), static_cast<std::uint64_t>(found - names_.begin())));
  } catch (const Error& error) {
    throw error.within(path_.string() + ": " + name);
  }
}

void write_npz(const std::filesystem::path& path, const NamedArrays& arrays) {
  std::vector<std::uint8_t> bytes;
  try {
    bytes = pack(arrays);
  } catch (const Error& error) {
    throw error.within(path.string());
  }
  write_file(path, bytes);
}

}  // namespace spikeloom
