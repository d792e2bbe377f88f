//! The codec against arbitrary octets, and against dhcproto as an independent codec.

use std::net::Ipv4Addr;

use dhcproto::v4;
use dhcproto::{Decodable, Decoder, Encodable};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn bare(options: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 240];
    bytes[0] = 1;
    bytes[1] = 1;
    bytes[2] = 6;
    bytes[236..240].copy_from_slice(&[99, 130, 83, 99]);
    bytes.extend_from_slice(options);
    bytes
}

fn option_of(bytes: &[u8], code: u8) -> Option<Vec<u8>> {
    let mut index = OptionIndex::new();
    Message::read(bytes, &mut index).unwrap().option(code).map(<[u8]>::to_vec)
}

fn header() -> Header<'static> {
    Header {
        hardware_type: 1,
        hardware_length: 6,
        transaction: 0x1234_5678,
        flags: 0x8000,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        yiaddr: Ipv4Addr::new(10, 1, 1, 20),
        siaddr: Ipv4Addr::new(10, 1, 1, 2),
        giaddr: Ipv4Addr::new(10, 1, 1, 1),
        chaddr: [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        sname: b"",
        file: b"",
    }
}

#[test]
fn refuses_what_is_no_message() {
    let mut index = OptionIndex::new();
    assert_eq!(Message::read(&[0; 239], &mut index).err(), Some(Malformed::Length));
    assert_eq!(Message::read(&[0; 300], &mut index).err(), Some(Malformed::Cookie));
    let mut long = bare(&[255]);
    long[2] = 17;
    assert_eq!(Message::read(&long, &mut index).err(), Some(Malformed::HardwareLength));
}

#[test]
fn joins_parts_wherever_they_stand() {
    let mut bytes = bare(&[52, 1, 3, 12, 2, b'a', b'b', 60, 1, b'x', 12, 1, b'c', 255]);
    bytes[108..114].copy_from_slice(&[12, 2, b'd', b'e', 255, 0]);
    bytes[44..48].copy_from_slice(&[12, 1, b'f', 255]);
    assert_eq!(option_of(&bytes, 12).unwrap(), b"abcdef");
    assert_eq!(option_of(&bytes, 60).unwrap(), b"x");
}

#[test]
fn a_truncated_option_costs_itself_and_what_follows() {
    let bytes = bare(&[53, 1, 1, 61, 200, 1, 2]);
    assert_eq!(option_of(&bytes, 53).unwrap(), [1]);
    assert_eq!(option_of(&bytes, 61), None);
}

#[test]
fn bootp_has_no_type() {
    let mut index = OptionIndex::new();
    assert_eq!(Message::read(&bare(&[255]), &mut index).unwrap().message_type(), Ok(None));
    assert_eq!(Message::read(&bare(&[53, 1, 99]), &mut index).unwrap().message_type(), Err(99));
    assert_eq!(Message::read(&bare(&[53, 0]), &mut index).unwrap().message_type(), Err(0));
}

#[test]
fn overloads_when_it_must_and_keeps_the_agent_option_last() {
    let mut reply = Reply::new();
    reply.push(53, &[2]);
    reply.push(67, &[b'x'; 250]);
    reply.push(224, &[7; 100]);
    reply.push(225, &[8; 60]);
    let mut out = Vec::new();
    let agent = [1, 2, 0, 7, 9, 1, 1];
    assert_eq!(reply.write(&header(), Some(&agent), 0, &mut out).dropped, 0);
    assert!(out.len() <= MESSAGE_SIZE_MIN);
    let end = out.len() - 10;
    assert_eq!(out[end..], [82, 7, 1, 2, 0, 7, 9, 1, 1, 255]);
    assert_eq!(option_of(&out, 52).unwrap(), [3]);
    assert_eq!(option_of(&out, 224).unwrap(), [7; 100]);
    assert_eq!(option_of(&out, 225).unwrap(), [8; 60]);
    let mut named = header();
    named.file = b"boot.efi";
    assert_eq!(reply.write(&named, Some(&agent), 0, &mut out).dropped, 1);
    assert_eq!(&out[108..117], b"boot.efi\0");
    assert_eq!(option_of(&out, 52).unwrap(), [2]);
    assert_eq!(reply.write(&named, Some(&agent), 1400, &mut out).dropped, 0);
    assert_eq!(option_of(&out, 52), None);
}

proptest! {
    #[test]
    fn any_octets_are_read_or_refused(bytes in vec(any::<u8>(), 0..700), cookie in any::<bool>()) {
        let mut bytes = bytes;
        if cookie && bytes.len() >= 240 {
            bytes[236..240].copy_from_slice(&[99, 130, 83, 99]);
            bytes[2] %= 17;
        }
        let mut index = OptionIndex::new();
        if let Ok(message) = Message::read(&bytes, &mut index) {
            let _ = message.message_type();
            for code in message.option_codes() {
                let payload = message.option(code).unwrap();
                prop_assert!(sub_options(payload).count() <= payload.len());
            }
        }
    }

    #[test]
    fn an_index_forgets_the_message_before(first in vec(any::<u8>(), 0..300), second in vec(any::<u8>(), 0..300)) {
        let (first, second) = (bare(&first), bare(&second));
        let (mut used, mut fresh) = (OptionIndex::new(), OptionIndex::new());
        Message::read(&first, &mut used).unwrap();
        let again = Message::read(&second, &mut used).unwrap();
        let once = Message::read(&second, &mut fresh).unwrap();
        for code in 0..=255 {
            prop_assert_eq!(again.option(code), once.option(code));
        }
    }

    #[test]
    fn what_is_written_is_read_again(
        options in proptest::collection::btree_map((1_u8..=254).prop_filter("own codes", |c| ![52, 82].contains(c)), vec(any::<u8>(), 0..300), 0..12),
        agent in proptest::option::of(vec(any::<u8>(), 0..260)),
        size in 0_usize..1600,
    ) {
        let mut reply = Reply::new();
        for (code, payload) in &options {
            reply.push(*code, payload);
        }
        let mut out = Vec::new();
        let written = reply.write(&header(), agent.as_deref(), size, &mut out);
        prop_assert!(out.len() >= 300 && out.len() <= size.max(MESSAGE_SIZE_MIN));
        let mut index = OptionIndex::new();
        let message = Message::read(&out, &mut index).unwrap();
        let mut missing = 0;
        for (code, payload) in &options {
            match message.option(*code) {
                Some(found) => prop_assert_eq!(found, &payload[..]),
                None => missing += 1,
            }
        }
        prop_assert_eq!(missing, written.dropped);
        prop_assert_eq!(message.option(82), agent.as_deref());
        prop_assert_eq!(message.transaction(), 0x1234_5678);
    }

    #[test]
    fn dhcproto_reads_what_we_write(
        options in proptest::collection::btree_map(224_u8..=254, vec(any::<u8>(), 1..40), 0..5),
        lease in any::<u32>(),
    ) {
        let mut reply = Reply::new();
        reply.push(53, &[5]);
        reply.push(51, &lease.to_be_bytes());
        for (code, payload) in &options {
            reply.push(*code, payload);
        }
        let mut out = Vec::new();
        reply.write(&header(), None, 0, &mut out);
        let other = v4::Message::decode(&mut Decoder::new(&out)).unwrap();
        prop_assert_eq!(other.opcode(), v4::Opcode::BootReply);
        prop_assert_eq!(other.xid(), 0x1234_5678);
        prop_assert_eq!(other.yiaddr(), Ipv4Addr::new(10, 1, 1, 20));
        prop_assert_eq!(other.siaddr(), Ipv4Addr::new(10, 1, 1, 2));
        prop_assert_eq!(other.giaddr(), Ipv4Addr::new(10, 1, 1, 1));
        prop_assert_eq!(other.chaddr(), &[2, 0, 0, 0, 0, 1]);
        prop_assert_eq!(other.opts().msg_type(), Some(v4::MessageType::Ack));
        prop_assert_eq!(other.opts().get(v4::OptionCode::AddressLeaseTime), Some(&v4::DhcpOption::AddressLeaseTime(lease)));
        for (code, payload) in &options {
            match other.opts().get(v4::OptionCode::from(*code)) {
                Some(v4::DhcpOption::Unknown(found)) => prop_assert_eq!(found.data(), &payload[..]),
                found => prop_assert!(false, "{:?}", found),
            }
        }
    }

    #[test]
    fn we_read_what_dhcproto_writes(
        xid in any::<u32>(),
        mac in any::<[u8; 6]>(),
        requested in any::<u32>(),
        identifier in vec(any::<u8>(), 2..60),
        prl in vec(1_u8..=254, 1..20),
    ) {
        let mut other = v4::Message::new_with_id(
            xid, Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED, &mac,
        );
        other.set_flags(v4::Flags::default().set_broadcast());
        let options = other.opts_mut();
        options.insert(v4::DhcpOption::MessageType(v4::MessageType::Request));
        options.insert(v4::DhcpOption::RequestedIpAddress(Ipv4Addr::from_bits(requested)));
        options.insert(v4::DhcpOption::ClientIdentifier(identifier.clone()));
        options.insert(v4::DhcpOption::ParameterRequestList(prl.iter().map(|c| v4::OptionCode::from(*c)).collect()));
        let bytes = other.to_vec().unwrap();
        let mut index = OptionIndex::new();
        let message = Message::read(&bytes, &mut index).unwrap();
        prop_assert_eq!(message.transaction(), xid);
        prop_assert_eq!(message.chaddr(), &mac);
        prop_assert!(message.wants_broadcast());
        prop_assert_eq!(message.message_type(), Ok(Some(MessageType::Request)));
        prop_assert_eq!(message.address_option(50), Some(Ipv4Addr::from_bits(requested)));
        prop_assert_eq!(message.option(61), Some(&identifier[..]));
        prop_assert_eq!(message.option(55), Some(&prl[..]));
    }
}
