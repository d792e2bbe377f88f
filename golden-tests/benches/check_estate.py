"""What somebody without a compiler would write: loads every site with PyYAML's C loader and looks for addresses
and MACs reserved twice. The benchmark's yardstick, no more."""

import ipaddress
import pathlib
import sys

import yaml


def main(folder):
    addresses, macs, subnets, faults = {}, {}, [], 0
    for path in sorted(pathlib.Path(folder).rglob("*.yaml")):
        with open(path, "rb") as file:
            site = yaml.load(file, yaml.CSafeLoader)
        for network in site.get("networks", ()):
            for subnet in network["subnets"]:
                prefix = ipaddress.ip_network(subnet["subnet"])
                subnets.append(prefix)
                for reservation in subnet.get("reservations", ()):
                    address, mac = reservation.get("ip"), reservation.get("mac")
                    if address is not None:
                        if ipaddress.ip_address(address) not in prefix or address in addresses:
                            print(f"{path}: {address}")
                            faults += 1
                        addresses[address] = path
                    if mac is not None:
                        if mac in macs:
                            print(f"{path}: {mac}")
                            faults += 1
                        macs[mac] = path
    subnets.sort()
    for one, next_one in zip(subnets, subnets[1:]):
        if one.overlaps(next_one):
            print(f"{one} overlaps {next_one}")
            faults += 1
    return 1 if faults else 0


sys.exit(main(sys.argv[1]))
