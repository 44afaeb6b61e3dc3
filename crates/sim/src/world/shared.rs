//! Several nodes behind one authority, on one database.

use std::time::Duration;

use danbao_protocol::node::Input;

use super::{Birth, Event, Witness, World};
use crate::meeting::{Guest, Meeting};

/// How soon a host sees that others have written something into its node's database that is due.
const LOOKS_AGAIN_WITHIN: Duration = Duration::from_secs(5);

/// Several nodes behind one authority, on one database.
pub(super) struct Shared {
    /// All nodes that there ever were.
    names: Vec<String>,
    /// The nodes that can be asked.
    sites: Vec<String>,
    meeting: Meeting,
    /// Whether each sees in the end what the others have made due.
    looks_again: bool,
    /// Only the first that lives is asked anything.
    is_standby: bool,
}

impl<W: Witness> World<W> {
    /// Puts another node on the disk of one that is there. Whoever asks the authority asks either of them; `meeting` is
    /// where each waits to come in between the other's statements. Each sees in the end what the other has made due.
    pub fn add_node(&mut self, authority: &str, name: &str, birth: Birth, meeting: Meeting) {
        let Some(disk) = self.sites.get(authority).map(|site| site.disk.clone()) else { return };
        self.add_site(name, disk, birth);
        let sites = vec![authority.to_owned(), name.to_owned()];
        self.shared.insert(
            authority.to_owned(),
            Shared { names: sites.clone(), sites, meeting, looks_again: true, is_standby: false },
        );
    }

    /// The nodes of this authority never look again.
    pub fn never_look_again(&mut self, authority: &str) {
        self.shared.entry(authority.to_owned()).and_modify(|shared| shared.looks_again = false);
    }

    /// Only the first node of this authority that lives is asked anything; the others stand by.
    pub fn stand_by(&mut self, authority: &str) {
        self.shared.entry(authority.to_owned()).and_modify(|shared| shared.is_standby = true);
    }

    /// Plans that a process dies and never comes back.
    pub fn retire(&mut self, site: &str, after: Duration) {
        self.plan(after, Event::Retire { site: site.to_owned() });
    }

    pub(super) fn take_away(&mut self, site: &str) {
        self.kill(site, "for good");
        if let Some(at) = self.sites.get_mut(site) {
            at.is_closed = true;
        }
        self.shared.values_mut().for_each(|shared| shared.sites.retain(|other| *other != site));
    }

    /// How often a node was asked something while another one of its database was dead.
    pub fn stood_in(&self) -> u64 {
        self.stood_in
    }

    /// A node is asked something: notes whether it works on while another one of its database is dead.
    pub(super) fn note_standing_in(&mut self, site: &str) {
        let is_dead = |name: &String| self.sites.get(name).is_some_and(|at| at.node.is_none());
        let of_site = self.shared.values().filter(|shared| shared.names.iter().any(|name| name == site));
        let stands_in = of_site.flat_map(|shared| &shared.names).any(|name| name != site && is_dead(name));
        self.stood_in += u64::from(stands_in);
    }

    /// Who answers at an authority: the node of that name, or one of those that share it.
    pub(super) fn node_at(&mut self, authority: &str) -> String {
        match self.shared.get(authority) {
            Some(shared) if shared.is_standby => {
                let is_alive = |name: &&String| self.sites.get(*name).is_some_and(|at| at.node.is_some());
                let first = shared.sites.iter().find(is_alive).or_else(|| shared.sites.first());
                first.map_or_else(|| authority.to_owned(), String::clone)
            }
            Some(shared) if !shared.sites.is_empty() => self.chance.pick(&shared.sites),
            _ => authority.to_owned(),
        }
    }

    /// Another node of the same database, if there is one alive, waits to come in between with what it has to do.
    pub(super) fn invite_other(&mut self, site: &str) -> Option<(String, Meeting)> {
        let shared = self.shared.values().find(|shared| shared.sites.iter().any(|own| own == site))?;
        let (meeting, others) = (shared.meeting.clone(), shared.sites.clone());
        let other = others.into_iter().find(|other| other != site)?;
        let size = self.chance.between(0, self.group_max);
        let at = self.sites.get_mut(&other)?;
        let node = at.node.take()?;
        let waiting = at.waiting.len().min(usize::try_from(size).unwrap_or(1));
        let inputs = at.waiting.drain(..waiting).chain([Input::Due]).collect();
        meeting.invite(Guest { node, now: self.now, inputs, came_of: None });
        Some((other, meeting))
    }

    pub(super) fn leave_other(&mut self, site: &str, other: &str, meeting: &Meeting) {
        let Some(guest) = meeting.leave() else { return };
        let Some(at) = self.sites.get_mut(other) else { return };
        at.node = Some(guest.node);
        match guest.came_of {
            Some(came_of) => {
                self.meetings += 1;
                self.log.note(self.now, &format!("{other} has come in between {site}'s statements"));
                self.take_up(other, came_of);
            }
            None => {
                let unasked = guest.inputs.into_iter().filter(|input| !matches!(input, Input::Due));
                unasked.rev().for_each(|input| at.waiting.push_front(input));
            }
        }
    }

    /// What a node has written may be due for those who share its database. Their hosts look again after a while.
    pub(super) fn tell_others(&mut self, site: &str) {
        let is_of = |shared: &&Shared| shared.looks_again && shared.sites.iter().any(|own| own == site);
        let Some(shared) = self.shared.values().find(is_of) else { return };
        let others: Vec<String> = shared.sites.iter().filter(|other| *other != site).cloned().collect();
        for other in others {
            let after_max_ms = u64::try_from(LOOKS_AGAIN_WITHIN.as_millis()).unwrap_or(u64::MAX);
            let after = self.chance.millis(0, after_max_ms);
            if let Some(at) = self.sites.get_mut(&other).filter(|at| !at.is_look_planned) {
                at.is_look_planned = true;
                self.plan(after, Event::Look { site: other });
            }
        }
    }
}
