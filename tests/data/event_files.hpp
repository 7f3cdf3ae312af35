// Tiny files of every format of events, written by the formats' descriptions with code of the tests' own.
#pragma once

#include <hdf5.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace spikeloom {

/// Bytes that numbers are put behind one another in, little-endian.
class ByteWriter {
 public:
  template <class T>
  ByteWriter& put(T value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(T));
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
    return *this;
  }
  ByteWriter& put(const std::string& text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  ByteWriter& put(const std::vector<std::uint8_t>& more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return *this;
  }
  ByteWriter& pad(std::size_t to) {
    while (bytes_.size() % to != 0) bytes_.push_back(0);
    return *this;
  }
  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

struct EventAt {
  std::int64_t t = 0;
  std::int16_t x = 0, y = 0;
  bool on = false;
};

struct Aedat4 {
  std::vector<std::vector<EventAt>> packets{};
  std::int32_t packed = 1;  ///< 0 none, 1 LZ4, 3 Zstandard
  bool closed = true;       ///< has a table of packets
  int streams = 1;          ///< of events, numbers 0, 1, …; packets are of stream 0
  std::int64_t end_in_table = 0;
};

inline std::vector<std::uint8_t> packed(const std::vector<std::uint8_t>& bytes, std::int32_t how) {
  if (how == 0) return bytes;
  const bool is_lz4 = how <= 2;
  std::vector<std::uint8_t> result(is_lz4 ? LZ4F_compressFrameBound(bytes.size(), nullptr)
                                          : ZSTD_compressBound(bytes.size()));
  result.resize(is_lz4 ? LZ4F_compressFrame(result.data(), result.size(), bytes.data(), bytes.size(), nullptr)
                       : ZSTD_compress(result.data(), result.size(), bytes.data(), bytes.size(), 1));
  return result;
}

/// A FlatBuffer behind its own length.
inline std::vector<std::uint8_t> sized(const std::vector<std::uint8_t>& buffer) {
  return ByteWriter().put(static_cast<std::uint32_t>(buffer.size())).put(buffer).bytes();
}

/// The buffer of a table with one field, a vector: position of the root, identifier, layout, table, vector.
inline std::vector<std::uint8_t> list_buffer(const std::string& identifier, std::uint32_t count,
                                             const std::vector<std::uint8_t>& elements) {
  ByteWriter out;
  out.put(std::uint32_t{16}).put(identifier);
  out.put(std::uint16_t{6}).put(std::uint16_t{8}).put(std::uint16_t{4}).put(std::uint16_t{0});  // layout at 8
  out.put(std::int32_t{8}).put(std::uint32_t{4});  // table at 16: 8 back to its layout, 4 on to the vector
  return out.put(count).put(elements).bytes();
}

inline std::vector<std::uint8_t> aedat4_bytes(const Aedat4& file) {
  std::string xml = "<dv version=\"2.0\"><node name=\"outInfo\" path=\"/\">";
  for (int n = 0; n < file.streams; ++n)
    xml += "<node name=\"" + std::to_string(n) +
           "\" path=\"/\"><attr key=\"originalOutputName\" type=\"string\">events" + std::to_string(n) +
           "</attr><attr key=\"typeIdentifier\" type=\"string\">EVTS</attr><node name=\"info\" path=\"/\">"
           "<attr key=\"sizeX\" type=\"int\">4</attr><attr key=\"sizeY\" type=\"int\">3</attr></node></node>";
  xml += "</node></dv>";
  ByteWriter packets, entries;
  for (const std::vector<EventAt>& packet : file.packets) {
    ByteWriter events;
    for (const EventAt& e : packet) events.put(e.t).put(e.x).put(e.y).put(std::uint8_t{e.on}).pad(16);
    const auto body = packed(
        sized(list_buffer("EVTS", static_cast<std::uint32_t>(packet.size()), events.bytes())), file.packed);
    packets.put(std::int32_t{0}).put(static_cast<std::int32_t>(body.size())).put(body);
  }
  // The header: layout at 8, table at 20 with packing, place of the table of packets, and the text behind it.
  const std::size_t header_bytes = 4 + 40 + 4 + xml.size() + 1;
  const auto table_at = static_cast<std::int64_t>(14 + header_bytes + packets.bytes().size());
  ByteWriter header;
  header.put(std::uint32_t{20}).put(std::string("IOHE"));
  header.put(std::uint16_t{10}).put(std::uint16_t{20}).put(std::uint16_t{4}).put(std::uint16_t{8});
  header.put(std::uint16_t{16}).put(std::uint16_t{0});
  header.put(std::int32_t{12}).put(file.packed).put(file.closed ? table_at : std::int64_t{-1});
  header.put(std::uint32_t{4}).put(static_cast<std::uint32_t>(xml.size())).put(xml).put(std::uint8_t{0});
  // The table: one entry that knows the last time of stream 0; its layout at 0 of what follows the vector.
  ByteWriter entry;
  entry.put(std::uint32_t{4 + 14 + 2});  // from the vector's only element to the entry
  entry.put(std::uint16_t{14}).put(std::uint16_t{44}).put(std::uint16_t{4}).put(std::uint16_t{12});
  entry.put(std::uint16_t{20}).put(std::uint16_t{28}).put(std::uint16_t{36}).put(std::uint16_t{0});
  entry.put(std::int32_t{16}).put(std::int64_t{0}).put(std::int32_t{0}).put(std::int32_t{1});
  entry.put(std::int64_t{1}).put(std::int64_t{0}).put(file.end_in_table);
  ByteWriter out;
  out.put(std::string("#!AER-DAT4.0\r\n")).put(sized(header.bytes())).put(packets.bytes());
  if (file.closed) out.put(packed(sized(list_buffer("FTAB", 1, entry.bytes())), file.packed));
  return out.bytes();
}

enum class MatForm { kPlain, kCompressed };

/// A MAT file of level 5 with one matrix of reals, given column by column.
inline std::vector<std::uint8_t> mat_bytes(const std::string& name, std::int32_t rows,
                                           const std::vector<double>& columns, MatForm form) {
  ByteWriter body;
  body.put(std::uint32_t{6}).put(std::uint32_t{8}).put(std::uint32_t{6}).put(std::uint32_t{0});
  body.put(std::uint32_t{5}).put(std::uint32_t{8}).put(rows);
  body.put(static_cast<std::int32_t>(columns.size()) / rows);
  if (name.size() <= 4)
    body.put(static_cast<std::uint32_t>(name.size() << 16U | 1U)).put(name).pad(8);
  else
    body.put(std::uint32_t{1}).put(static_cast<std::uint32_t>(name.size())).put(name).pad(8);
  body.put(std::uint32_t{9}).put(static_cast<std::uint32_t>(8 * columns.size()));
  for (const double value : columns) body.put(value);
  ByteWriter element;
  element.put(std::uint32_t{14}).put(static_cast<std::uint32_t>(body.bytes().size())).put(body.bytes());
  ByteWriter out;
  std::string heading = "MATLAB 5.0 MAT-file, for tests";
  heading.resize(124, ' ');
  out.put(heading).put(std::uint16_t{0x0100}).put(std::string("IM"));
  if (form == MatForm::kPlain) return out.put(element.bytes()).bytes();
  std::vector<std::uint8_t> small(compressBound(element.bytes().size()));
  uLongf size = small.size();
  compress(small.data(), &size, element.bytes().data(), element.bytes().size());
  small.resize(size);
  return out.put(std::uint32_t{15}).put(static_cast<std::uint32_t>(size)).put(small).bytes();
}

/// Writes the matrix as MATLAB's version 7.3 does: packed, with its extents backwards, in HDF5 behind a block
/// that begins with the heading.
inline void write_mat73(const std::filesystem::path& path, const std::string& name, hsize_t rows,
                        const std::vector<double>& columns) {
  const hid_t creation = H5Pcreate(H5P_FILE_CREATE);
  H5Pset_userblock(creation, 512);
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, H5P_DEFAULT);
  const hsize_t extents[] = {columns.size() / rows, rows};
  const hid_t space = H5Screate_simple(2, extents, nullptr), layout = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(layout, 2, extents);
  H5Pset_deflate(layout, 3);
  const hid_t set = H5Dcreate2(file, name.c_str(), H5T_IEEE_F64LE, space, H5P_DEFAULT, layout, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, columns.data());
  H5Dclose(set);
  H5Pclose(layout);
  H5Sclose(space);
  H5Fclose(file);
  H5Pclose(creation);
  std::string heading = "MATLAB 7.3 MAT-file, for tests HDF5 schema 1.00 .";
  heading.resize(124, ' ');
  std::fstream all(path, std::ios::in | std::ios::out | std::ios::binary);
  all << heading << '\0' << '\2' << "IM";
}

/// A column of `spiketrain`: a taxel's change at a time in seconds.
inline std::vector<double> taxel_column(std::size_t taxel, double change, double seconds) {
  std::vector<double> column(101, 0.0);
  column[taxel] = change;
  column[100] = seconds;
  return column;
}

/// SHD as its page describes it: lists of times in half precision and of 16-bit units, and labels.
inline void write_shd(const std::filesystem::path& path, const std::vector<std::vector<float>>& times,
                      const std::vector<std::vector<std::uint16_t>>& units,
                      const std::vector<std::uint16_t>& labels) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t half = H5Tcopy(H5T_IEEE_F32LE);
  H5Tset_fields(half, 15, 10, 5, 0, 10);
  H5Tset_size(half, 2);
  H5Tset_ebias(half, 15);
  H5Gclose(H5Gcreate2(file, "spikes", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const auto lists = [&](const char* name, hid_t stored, hid_t given, const std::vector<hvl_t>& values) {
    const hsize_t count = values.size();
    const hid_t space = H5Screate_simple(1, &count, nullptr);
    const hid_t type = H5Tvlen_create(stored), memory = H5Tvlen_create(given);
    const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Dclose(set);
    H5Tclose(type);
    H5Tclose(memory);
    H5Sclose(space);
  };
  std::vector<hvl_t> all;
  for (const auto& list : times) all.push_back({list.size(), const_cast<float*>(list.data())});
  lists("spikes/times", half, H5T_NATIVE_FLOAT, all);
  all.clear();
  for (const auto& list : units) all.push_back({list.size(), const_cast<std::uint16_t*>(list.data())});
  lists("spikes/units", H5T_STD_U16LE, H5T_NATIVE_UINT16, all);
  if (!labels.empty()) {
    const hsize_t count = labels.size();
    const hid_t space = H5Screate_simple(1, &count, nullptr);
    const hid_t set = H5Dcreate2(file, "labels", H5T_STD_U16LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels.data());
    H5Dclose(set);
    H5Sclose(space);
  }
  H5Tclose(half);
  H5Fclose(file);
}

/// Puts labels into a file of write_shd: real numbers, one a sample.
inline void add_labels(const std::filesystem::path& path, const std::vector<double>& labels) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hsize_t count = labels.size();
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t set = H5Dcreate2(file, "labels", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels.data());
  H5Dclose(set);
  H5Sclose(space);
  H5Fclose(file);
}

/// Puts real numbers in place of the only sample's units.
inline void replace_units(const std::filesystem::path& path, std::vector<double> units) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  H5Ldelete(file, "spikes/units", H5P_DEFAULT);
  const hsize_t count = 1;
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t type = H5Tvlen_create(H5T_NATIVE_DOUBLE);
  const hid_t set = H5Dcreate2(file, "spikes/units", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const hvl_t list{units.size(), units.data()};
  H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &list);
  H5Dclose(set);
  H5Tclose(type);
  H5Sclose(space);
  H5Fclose(file);
}

/// Puts lists without an entry where labels belong.
inline void add_empty_label_lists(const std::filesystem::path& path, std::size_t samples) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hsize_t count = samples;
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t type = H5Tvlen_create(H5T_STD_U16LE);
  H5Dclose(H5Dcreate2(file, "labels", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Tclose(type);
  H5Sclose(space);
  H5Fclose(file);
}

/// A .npy file whose header is given.
inline std::vector<std::uint8_t> npy_headed(std::string header,
                                            const std::vector<std::uint8_t>& values = {}) {
  header += '\n';
  return ByteWriter()
      .put(std::string("\x93NUMPY\x01"))
      .put(std::uint8_t{0})
      .put(static_cast<std::uint16_t>(header.size()))
      .put(header)
      .put(values)
      .bytes();
}

/// A structured array of one dimension, as numpy.save writes it.
inline std::vector<std::uint8_t> structured_npy(const std::string& fields, std::size_t count,
                                                const std::vector<std::uint8_t>& records) {
  std::string header =
      "{'descr': " + fields + ", 'fortran_order': False, 'shape': (" + std::to_string(count) + ",), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  return npy_headed(std::move(header), records);
}

/// An archive of one array, stored as it is: what write_npz cannot hold, for it takes plain arrays only.
inline std::vector<std::uint8_t> npz_of(const std::string& name, const std::vector<std::uint8_t>& npy) {
  const std::string file = name + ".npy";
  const auto size = static_cast<std::uint32_t>(npy.size());
  const auto sum = static_cast<std::uint32_t>(crc32(0, npy.data(), size));
  const auto sizes = [&](ByteWriter& to) -> ByteWriter& {
    return to.put(sum).put(size).put(size).put(static_cast<std::uint16_t>(file.size())).put(std::uint16_t{0});
  };
  ByteWriter archive, central;
  archive.put(std::uint32_t{0x04034b50}).put(std::uint16_t{20}).put(std::uint32_t{0}).put(std::uint16_t{0});
  sizes(archive.put(std::uint16_t{0x21})).put(file).put(npy);
  central.put(std::uint32_t{0x02014b50}).put(std::uint32_t{0x00140014}).put(std::uint32_t{0});
  sizes(central.put(std::uint16_t{0}).put(std::uint16_t{0x21}));
  central.put(std::uint64_t{0}).put(std::uint16_t{0}).put(std::uint32_t{0}).put(file);
  const auto start = static_cast<std::uint32_t>(archive.bytes().size());
  const auto length = static_cast<std::uint32_t>(central.bytes().size());
  archive.put(central.bytes())
      .put(std::uint32_t{0x06054b50})
      .put(std::uint32_t{0})
      .put(std::uint32_t{0x00010001});
  return archive.put(length).put(start).put(std::uint16_t{0}).bytes();
}

}  // namespace spikeloom
