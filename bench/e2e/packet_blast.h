#ifndef RINGWIRE_BENCH_E2E_PACKET_BLAST_H_
#define RINGWIRE_BENCH_E2E_PACKET_BLAST_H_

#include <string>
#include <vector>

namespace ringwire::bench {

// Gives finished UDP packets to an interface through a packet socket, past routing, firewall,
// queueing discipline and UDP's own socket, so that it outruns what it measures. It never waits: a
// packet that the interface refuses counts as offered.
//
// `words`: INTERFACE MAC FROM TO PORT BYTES SECONDS. MAC is the receiver's, or - for an interface
// without Ethernet; BYTES of payload go to PORT. Prints a line of JSON; returns the exit status.
int BlastPackets(const std::vector<std::string>& words);

}  // namespace ringwire::bench

#endif  // RINGWIRE_BENCH_E2E_PACKET_BLAST_H_
