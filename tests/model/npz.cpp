#include "tests/model/npz.hpp"

#include <zip.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace spikeloom::test {
namespace {

template <class T>
double number(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return static_cast<double>(value);
}

double number(const std::string& type, const char* at) {
  if (type == "u1" || type == "b1") return number<std::uint8_t>(at);
  if (type == "i1") return number<std::int8_t>(at);
  if (type == "i4") return number<std::int32_t>(at);
  if (type == "i8") return number<std::int64_t>(at);
  if (type == "f4") return number<float>(at);
  if (type == "f8") return number<double>(at);
  throw std::runtime_error("npy: type " + type);
}

std::string after(const std::string& header, const std::string& key, const std::string& until) {
  const std::size_t begin = header.find(key) + key.size();
  return header.substr(begin, header.find_first_of(until, begin) - begin);
}

NpyArray parse(const std::vector<char>& bytes) {
  const std::size_t length =
      static_cast<unsigned char>(bytes.at(8)) + 256U * static_cast<unsigned char>(bytes.at(9));
  const std::string header(bytes.data() + 10, length);
  const std::string type = after(header, "'descr': '", "'").substr(1);
  NpyArray array;
  if (type.front() == 'U') return array;
  const bool column_major = after(header, "'fortran_order': ", ",") == "True";
  std::string extents = after(header, "'shape': (", ")");
  std::size_t count = 1;
  for (std::size_t at = 0; at < extents.size();) {
    const std::size_t comma = std::min(extents.find(',', at), extents.size());
    const std::string text = extents.substr(at, comma - at);
    if (text.find_first_of("0123456789") != std::string::npos) {
      array.shape.push_back(std::stoul(text));
      count *= array.shape.back();
    }
    at = comma + 1;
  }
  const std::size_t size = std::stoul(type.substr(1));
  if (column_major && array.shape.size() > 2)
    throw std::runtime_error("npy: column-major with more than 2 extents");
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t at = i;
    if (column_major && array.shape.size() == 2)
      at = i % array.shape[1] * array.shape[0] + i / array.shape[1];
    array.values.push_back(number(type, &bytes.at(10 + length + at * size)));
  }
  return array;
}

}  // namespace

NpyArray read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path);
  return parse(std::vector<char>(std::istreambuf_iterator<char>(file), {}));
}

std::map<std::string, NpyArray> read_npz(const std::string& path) {
  std::map<std::string, NpyArray> arrays;
  zip_t* archive = zip_open(path.c_str(), ZIP_RDONLY, nullptr);
  if (archive == nullptr) throw std::runtime_error(path);
  for (zip_int64_t i = 0; i < zip_get_num_entries(archive, 0); ++i) {
    zip_stat_t entry;
    zip_stat_index(archive, static_cast<zip_uint64_t>(i), 0, &entry);
    std::vector<char> bytes(entry.size);
    zip_file_t* file = zip_fopen_index(archive, static_cast<zip_uint64_t>(i), 0);
    if (zip_fread(file, bytes.data(), entry.size) != static_cast<zip_int64_t>(entry.size))
      throw std::runtime_error(path);
    zip_fclose(file);
    const std::string name = entry.name;
    arrays.emplace(name.substr(0, name.size() - 4), parse(bytes));
  }
  zip_close(archive);
  return arrays;
}

std::vector<std::uint8_t> unpack_bits(const NpyArray& packed) {
  std::vector<std::uint8_t> bits;
  bits.reserve(packed.values.size() * 8);
  for (const double value : packed.values) {
    for (int bit = 7; bit >= 0; --bit)
      bits.push_back((static_cast<unsigned>(value) >> static_cast<unsigned>(bit)) & 1U);
  }
  return bits;
}

std::string data_path(const std::string& name) {
  const char* given = std::getenv("SPIKELOOM_DATA");
  const std::string folder = given != nullptr ? given : std::string(SPIKELOOM_SOURCE_DIR) + "/../shared/data";
  return folder + "/" + name;
}

bool has_data(const std::string& folder) { return std::filesystem::is_directory(data_path(folder)); }

}  // namespace spikeloom::test
