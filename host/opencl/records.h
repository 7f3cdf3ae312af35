/* What a launch of a kernel reads beside the image's memories: where a cluster's tables begin, which stream
   feeds a page's chunk, and which part of a cluster a work-item has. One text for C++ and for OpenCL C
   (it stands before the kernels). */
#ifdef __OPENCL_VERSION__
#define RECORD_WORD uint
#else
#pragma once
#include <cstdint>
#define RECORD_WORD std::uint32_t
namespace spikeloom::opencl {
#endif

/* A cluster's place. Memories of all used tiles of a kind stand one after another; addresses inside table
   entries count from their tile's beginning, so its beginnings stand here too. */
struct ClusterRecord {
  RECORD_WORD first_entry; /* its first entry of the core's first table: page chunk 0, or block 0 */
  RECORD_WORD row_base;    /* the tile's first entry of the core's second table: axons, or folds */
  RECORD_WORD weight_base; /* the tile's first weight memory word */
  RECORD_WORD set_base;    /* the tile's first parameter set */
  RECORD_WORD first_bias;  /* part of the bias memory for position 0 */
  RECORD_WORD first_page;  /* PageRecord of page chunk 0 */
  RECORD_WORD position;    /* position 0 in states and sums; a multiple of 16 */
  RECORD_WORD out;         /* stream of output chunk 0 */
  RECORD_WORD readout;     /* 1: pushes halves of potentials */
  RECORD_WORD last_only;   /* 1: only on a sample's last step */
  RECORD_WORD limit[16];   /* leading page chunks that count, by steps since the sample began */
};

/* What a page chunk holds: another stream's chunk, `delay` steps ago. */
struct PageRecord {
  RECORD_WORD stream;
  RECORD_WORD delay;
};

/* Neighbouring lanes of one lane group, or columns of one block. */
struct SliceRecord {
  RECORD_WORD cluster;
  RECORD_WORD group;
  RECORD_WORD lane;
};

/* The entries of the update program that hold 16 neurons, positions `position` ... + 15. What they send is
   ORed into what the piece before sends if it `joins` that one, as of one window of a pool. Their states
   stand at positions `state` ... + 15. A piece that `follows` the one before passes through the same states
   behind it, step by step; one that is `later` is not the step's first to do so. */
struct PieceRecord {
  RECORD_WORD cluster;
  RECORD_WORD position;
  RECORD_WORD first_update;
  RECORD_WORD updates;
  RECORD_WORD chunk; /* output chunk; of a readout that of its first entry, whose next ones follow */
  RECORD_WORD joins;
  RECORD_WORD state;
  RECORD_WORD later;
  RECORD_WORD follows;
};

#ifndef __OPENCL_VERSION__
}  // namespace spikeloom::opencl
#endif
#undef RECORD_WORD
