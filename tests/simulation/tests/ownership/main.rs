//! The rules of ownership, each as a story: one inbox, owners that overlap, die and come back, and every
//! fault where it hurts. The first line of each says what would happen without its rule.
//!
//! A key's state is the text of its records so far, each behind the mark of the code that stepped it
//! (`a`, or `z` for an owner with other code), and every step says the whole state: what is said must be
//! what one owner with one code would have said.

#![allow(clippy::unwrap_used, reason = "in a test, a value that is not there is the failure")]

mod pruning;

use std::time::Duration;

use tests_kit::simulation::stage::{GROUP, INBOX, Stage};
use topics_log::memory::{Fate, Operation, Strike};
use topics_log::{Group, Log, OffsetCommit, Polled, Remedy};
use topics_runtime::Moment;
use topics_state::memory::{Door, Strike as StoreStrike};

const SECOND: Duration = Duration::from_secs(1);

async fn stage() -> Stage {
    Stage::new().await.unwrap()
}

/// A stage whose owners take one record at a time and prune after every second version of a key.
async fn pruning_stage() -> Stage {
    let mut stage = stage().await;
    stage.settings.batch_records_max = 1;
    (stage.settings.versions_max, stage.settings.prune_keys_max) = (2, 1);
    stage
}

/// Says what steps of one owner with code `a` say of these records.
fn one_owner(texts: &[&str]) -> Vec<String> {
    (1..=texts.len()).map(|count| texts[..count].iter().map(|text| format!("a{text}")).collect()).collect()
}

/// A last owner takes over and steps one more record: what it reads is what counts.
async fn ends_well(stage: &Stage, before: &[&str]) {
    let last = stage.start("last", "a");
    stage.send("k", "9").await;
    let texts: Vec<&str> = before.iter().copied().chain(["9"]).collect();
    stage.until_said("k", texts.len()).await;
    last.leave().await.unwrap();
    assert_eq!(stage.said("k"), one_owner(&texts));
    assert_eq!(stage.dead(), Vec::<String>::new());
}

/// Epoch as write timestamp: a dead owner's late write, larger, would stand over its successor's.
#[tokio::test(start_paused = true)]
async fn a_late_write_loses_whatever_its_bytes() {
    let stage = stage().await;
    let a = stage.start("one", "z");
    a.strike(Door::Write, 1, StoreStrike::Late(20 * SECOND));
    stage.send("k", "1").await;
    assert!(stage.until(|| a.strikes_left() == 0).await);
    a.kill().await;
    let b = stage.start("one", "a");
    assert!(stage.until_said("k", 1).await);
    b.kill().await;
    stage.pass(30 * SECOND).await;
    ends_well(&stage, &["1"]).await;
}

/// Epoch as write timestamp, one code: a stale owner would step over what its successor pruned, on
/// nothing, and its garbage would stand above.
#[tokio::test(start_paused = true)]
async fn a_stale_step_over_a_gap_loses() {
    let stage = pruning_stage().await;
    let mut slow = stage;
    slow.settings.batch_records_max = 10;
    let a = slow.start("one", "a");
    slow.send("k", "0").await;
    assert!(slow.until_said("k", 1).await);
    a.hold(Moment::Polled);
    slow.send_all("k", &["1", "2", "3"]).await;
    assert!(a.stands(Moment::Polled).await);
    slow.cut_off("one").await;
    slow.settings.batch_records_max = 1;
    let b = slow.start("two", "a");
    assert!(slow.until_said("k", 4).await);
    slow.pass(SECOND).await;
    a.release();
    slow.pass(SECOND / 100).await;
    a.kill().await;
    b.kill().await;
    ends_well(&slow, &["0", "1", "2", "3"]).await;
}

/// Always write: where a step changed nothing and wrote nothing, an uncommitted row of a dead owner would
/// be its successor's state.
#[tokio::test(start_paused = true)]
async fn a_step_that_changes_nothing_writes_too() {
    let stage = stage().await;
    let a = stage.start_held("one", "z", &[Moment::OffsetsSent]);
    stage.send("k", "1").await;
    assert!(a.stands(Moment::OffsetsSent).await);
    a.kill().await;
    let b = stage.start("one", "-");
    assert!(stage.until_said("k", 1).await);
    b.kill().await;
    let c = stage.start("one", "a");
    stage.send("k", "2").await;
    assert!(stage.until_said("k", 2).await);
    c.kill().await;
    assert_eq!(stage.said("k"), ["", "a2"]);
}

/// An epoch that is not the generation: a killed static member comes back with the same generation, and
/// its own late write, larger, would tie with the new one and win.
#[tokio::test(start_paused = true)]
async fn a_member_that_comes_back_has_another_epoch() {
    let stage = stage().await;
    let a = stage.start("one", "z");
    stage.send("k", "0").await;
    assert!(stage.until_said("k", 1).await);
    let (generation, epoch) = (stage.log.control().generation(GROUP), stage.owner().await.unwrap().epoch);
    a.strike(Door::Write, 1, StoreStrike::Late(20 * SECOND));
    stage.send("k", "1").await;
    assert!(stage.until(|| a.strikes_left() == 0).await);
    a.kill().await;
    let b = stage.start("one", "a");
    assert!(stage.until_said("k", 2).await);
    assert_eq!(stage.log.control().generation(GROUP), generation, "a static member's return is no rebalance");
    assert!(stage.owner().await.unwrap().epoch > epoch);
    b.kill().await;
    stage.pass(30 * SECOND).await;
    let c = stage.start("one", "a");
    stage.send("k", "2").await;
    assert!(stage.until_said("k", 3).await);
    c.kill().await;
    assert_eq!(stage.said("k"), ["z0", "z0a1", "z0a1a2"]);
}

/// An epoch that is not the generation: a group made anew begins at generation 1 again, and without its
/// offsets would begin its inbox again over the rows of its former life.
#[tokio::test(start_paused = true)]
async fn a_group_made_anew_is_refused() {
    let stage = stage().await;
    let a = stage.start("one", "a");
    stage.send("k", "1").await;
    assert!(stage.until_said("k", 1).await);
    a.leave().await.unwrap();
    stage.pass(20 * SECOND).await;
    assert!(stage.log.control().expire_group(GROUP));
    let error = stage.start("one", "a").ended().await.unwrap_err();
    assert_eq!(error.remedy, topics_runtime::Remedy::Stop, "{error}");
    assert_eq!(stage.said("k"), ["a1"]);
}

/// Asking after registering: a stale owner that registers last would write under the higher epoch, over
/// the committed rows of the living one.
#[tokio::test(start_paused = true)]
async fn who_registers_and_is_refused_writes_nothing() {
    let stage = stage().await;
    let a = stage.start_held("one", "z", &[Moment::Assigned]);
    assert!(a.stands(Moment::Assigned).await);
    stage.cut_off("one").await;
    let b = stage.start("two", "a");
    stage.send("k", "1").await;
    assert!(stage.until_said("k", 1).await);
    let epoch = stage.owner().await.unwrap().epoch;
    a.release();
    stage.pass(SECOND).await;
    assert!(stage.owner().await.unwrap().epoch > epoch, "the stale one has registered");
    stage.send("k", "2").await;
    assert!(stage.until_said("k", 2).await);
    stage.pass(SECOND).await;
    a.kill().await;
    b.kill().await;
    ends_well(&stage, &["1", "2"]).await;
}

/// One code per epoch: after an abort, rows of the code before a reload would tie with those of the code
/// after it, and the larger bytes would win.
#[tokio::test(start_paused = true)]
async fn another_code_is_another_epoch() {
    let stage = stage().await;
    let a = stage.start_held("one", "z", &[Moment::OffsetsSent]);
    stage.send("k", "1").await;
    assert!(a.stands(Moment::OffsetsSent).await);
    let epoch = stage.owner().await.unwrap().epoch;
    a.code.reload("a");
    stage.strike("one", Operation::Commit, 0, Strike::Fail(Remedy::Abort));
    a.release();
    assert!(stage.until_said("k", 1).await);
    assert!(stage.owner().await.unwrap().epoch > epoch);
    a.kill().await;
    ends_well(&stage, &["1"]).await;
}

/// Writes acknowledged before the transaction's end: the successor would find offsets moved past a record
/// whose row is not there.
#[tokio::test(start_paused = true)]
async fn nothing_is_committed_before_its_rows_are_there() {
    let stage = stage().await;
    let a = stage.start("one", "a");
    a.strike(Door::Write, 40, StoreStrike::Fail(topics_state::Remedy::Retry));
    stage.send("k", "1").await;
    stage.pass(SECOND).await;
    assert!(a.strikes_left() < 40, "the store was asked");
    assert_eq!((stage.said("k"), stage.committed()), (vec![], Some(0)));
    a.kill().await;
    ends_well(&stage, &["1"]).await;
}

/// Writes acknowledged before eviction: an owner that keeps nothing in memory would itself read an older
/// state.
#[tokio::test(start_paused = true)]
async fn an_owner_without_memory_reads_its_own_rows() {
    let mut stage = stage().await;
    (stage.settings.cache_bytes_max, stage.settings.batch_records_max) = (0, 1);
    let a = stage.start("one", "a");
    a.strike(Door::Write, 2, StoreStrike::Late(10 * SECOND));
    for text in ["1", "2", "3", "4"] {
        stage.send("k", text).await;
    }
    assert!(stage.until_said("k", 4).await);
    stage.pass(20 * SECOND).await;
    a.kill().await;
    ends_well(&stage, &["1", "2", "3", "4"]).await;
}

/// Token and generation of this assignment in the commit: a member that lost its partition and came back
/// would commit over the present owner with the group's newest generation.
#[tokio::test(start_paused = true)]
async fn an_old_assignment_commits_nothing() {
    let stage = stage().await;
    let group = |instance: &str| Group { id: GROUP.into(), instance: instance.into() };
    let mut a = stage.log.join(group("one"), &[INBOX]).await.unwrap();
    let Polled::Assigned(old) = a.poll(10, SECOND).await.unwrap() else { panic!("assigned first") };
    stage.cut_off("one").await;
    let b = stage.start("two", "a");
    stage.send("k", "1").await;
    assert!(stage.until_said("k", 1).await);
    stage.connect("one");
    assert!(matches!(a.poll(10, SECOND).await.unwrap(), Polled::Revoked(_)), "it learns that it had lost it");
    let _ = a.poll(10, SECOND).await.unwrap();
    let mut transactor = a.transactor("one").await.unwrap();
    transactor.begin().await.unwrap();
    let assignment = old[0].clone();
    let offset = OffsetCommit { assignment, next: 0, metadata: String::new() };
    let refused = transactor.send_offsets(std::slice::from_ref(&offset)).await.unwrap_err();
    assert_eq!(refused.remedy, Remedy::Lost);
    transactor.abort().await.unwrap();
    assert_eq!(a.commit(&[offset]).await.unwrap_err().remedy, Remedy::Lost);
    drop((transactor, a));
    b.leave().await.unwrap();
    ends_well(&stage, &["1"]).await;
}

/// Token and generation of this assignment in the commit: an owner that stood still with a whole batch in
/// an open transaction would commit it beside its successor's.
#[tokio::test(start_paused = true)]
async fn a_lost_owner_commits_nothing() {
    for moment in [Moment::Polled, Moment::Stepped, Moment::Saved, Moment::Produced] {
        let stage = stage().await;
        let a = stage.start_held("one", "z", &[moment]);
        stage.send("k", "1").await;
        assert!(a.stands(moment).await, "{moment:?}");
        stage.cut_off("one").await;
        let b = stage.start("two", "a");
        assert!(stage.until_said("k", 1).await, "{moment:?}");
        a.release();
        stage.pass(SECOND / 100).await;
        stage.connect("one");
        stage.pass(20 * SECOND).await;
        a.kill().await;
        b.kill().await;
        ends_well(&stage, &["1"]).await;
    }
}

/// Stable read of the committed offset: read while the predecessor's transaction is still open, which then
/// commits, it would have the successor step its records again.
#[tokio::test(start_paused = true)]
async fn a_successor_waits_for_an_open_transaction() {
    for fate in [Fate::Late(14 * SECOND), Fate::UnderWay(8 * SECOND), Fate::UnderWay(14 * SECOND)] {
        let stage = stage().await;
        let a = stage.start_held("one", "a", &[Moment::OffsetsSent]);
        stage.send("k", "1").await;
        assert!(a.stands(Moment::OffsetsSent).await);
        stage.strike("one", Operation::Commit, 0, Strike::Unknown(fate));
        a.release();
        stage.pass(SECOND / 100).await;
        a.kill().await;
        let b = stage.start("two", "a");
        assert!(stage.until_said("k", 1).await, "{fate:?}");
        stage.pass(20 * SECOND).await;
        b.kill().await;
        ends_well(&stage, &["1"]).await;
    }
}

/// Never guess an unknown outcome: taken for an abort, a commit that had happened would have its records
/// twice; taken for a commit, one that had not would lose them.
#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_read_back() {
    for fate in [Fate::Happened, Fate::Never, Fate::Late(2 * SECOND), Fate::UnderWay(2 * SECOND)] {
        let stage = stage().await;
        let a = stage.start_held("one", "a", &[Moment::OffsetsSent]);
        stage.send("k", "1").await;
        assert!(a.stands(Moment::OffsetsSent).await);
        stage.strike("one", Operation::Commit, 0, Strike::Unknown(fate));
        a.release();
        assert!(stage.until_said("k", 1).await, "{fate:?}");
        stage.send("k", "2").await;
        assert!(stage.until_said("k", 2).await, "{fate:?}");
        stage.pass(20 * SECOND).await;
        a.kill().await;
        ends_well(&stage, &["1", "2"]).await;
    }
}

/// Hearing of one's membership before the transactor's name is taken again: an instance that stood still
/// until another process had its name would fence off its healthy successor.
#[tokio::test(start_paused = true)]
async fn who_was_replaced_while_it_stood_still_leaves_its_successor_alone() {
    // What the frozen one meets when it wakes: a commit in doubt; one that fails, and an abort that is
    // refused since the name is another's; the same, and an abort in doubt.
    let cases = [
        vec![(Operation::Commit, Remedy::Unknown)],
        vec![(Operation::Commit, Remedy::Abort)],
        vec![(Operation::Commit, Remedy::Abort), (Operation::Abort, Remedy::Unknown)],
    ];
    for meets in cases {
        let stage = stage().await;
        let frozen = stage.start_held("one", "z", &[Moment::OffsetsSent]);
        stage.send("k", "1").await;
        assert!(frozen.stands(Moment::OffsetsSent).await);
        stage.cut_off("one").await;
        let successor = stage.start("one", "a");
        assert!(stage.until_said("k", 1).await, "{meets:?}");
        for (operation, remedy) in &meets {
            stage.strike("one", *operation, 0, Strike::Fail(*remedy));
        }
        stage.connect("one");
        frozen.release();
        let error = frozen.ended().await.unwrap_err();
        assert_eq!(error.remedy, topics_runtime::Remedy::Fenced, "{meets:?}: {error}");
        stage.send("k", "2").await;
        assert!(stage.until_said("k", 2).await, "{meets:?}");
        successor.leave().await.unwrap();
        ends_well(&stage, &["1", "2"]).await;
    }
}

/// Order of two open transactions: if the batch behind could commit although the one before it aborts,
/// records would be lost.
#[tokio::test(start_paused = true)]
async fn a_batch_behind_an_aborted_one_waits_for_it() {
    let mut stage = stage().await;
    stage.settings.batch_records_max = 1;
    let a = stage.start_held("one", "a", &[Moment::OffsetsSent]);
    stage.send_all("k", &["1", "2", "3"]).await;
    assert!(a.stands(Moment::OffsetsSent).await);
    assert_eq!(stage.log.control().open_transactions(), [format!("{GROUP}.one")], "one, and no second");
    stage.strike("one", Operation::Commit, 0, Strike::Fail(Remedy::Abort));
    stage.strike("one", Operation::Commit, 2, Strike::Fail(Remedy::Abort));
    a.release();
    assert!(stage.until_said("k", 3).await);
    a.kill().await;
    ends_well(&stage, &["1", "2", "3"]).await;
}

/// Cache after an abort: a record would be stepped on its own result.
#[tokio::test(start_paused = true)]
async fn an_aborted_step_is_forgotten() {
    let stage = stage().await;
    let a = stage.start("one", "a");
    stage.send("k", "1").await;
    assert!(stage.until_said("k", 1).await);
    for operation in [Operation::Produce, Operation::SendOffsets, Operation::Commit] {
        stage.strike("one", operation, 0, Strike::Fail(Remedy::Abort));
    }
    stage.send("k", "2").await;
    assert!(stage.until_said("k", 2).await);
    a.kill().await;
    ends_well(&stage, &["1", "2"]).await;
}

/// Cache dies with the token: the same instance, owner again later, would go on from what it knew, over
/// another owner's work.
#[tokio::test(start_paused = true)]
async fn what_an_owner_knew_goes_with_its_ownership() {
    let stage = stage().await;
    let a = stage.start_held("one", "a", &[Moment::Committed]);
    // Committed is also reached in the asking: the first record's is what it stands at.
    stage.send("k", "1").await;
    assert!(a.stands(Moment::Committed).await);
    stage.cut_off("one").await;
    let b = stage.start("two", "a");
    stage.send("k", "2").await;
    assert!(stage.until_said("k", 2).await);
    b.kill().await;
    stage.connect("one");
    a.release();
    stage.send("k", "3").await;
    assert!(stage.until_said("k", 3).await);
    a.leave().await.unwrap();
    assert_eq!(stage.said("k"), one_owner(&["1", "2", "3"]));
}

/// Loading ahead with care: a state loaded before the previous batch stepped its key would miss that step.
#[tokio::test(start_paused = true)]
async fn a_key_in_batch_after_batch_is_read_after_each() {
    let mut stage = stage().await;
    (stage.settings.cache_bytes_max, stage.settings.batch_records_max) = (0, 1);
    let a = stage.start("one", "a");
    a.strike(Door::Read, 5, StoreStrike::Delay(SECOND));
    stage.send_all("k", &["1", "2", "3", "4", "5"]).await;
    assert!(stage.until_said("k", 5).await);
    a.kill().await;
    ends_well(&stage, &["1", "2", "3", "4", "5"]).await;
}

/// Deaths count between the mark and the step's return: counted from a mark that an earlier owner left,
/// three ordinary kills would make a dead letter of a good record.
#[tokio::test(start_paused = true)]
async fn ordinary_kills_condemn_nobody() {
    let stage = stage().await;
    let first = stage.start("one", "a");
    stage.send("k", "0").await;
    assert!(stage.until_said("k", 1).await);
    first.kill().await;
    // Dead without progress since its start: from now on each step is marked.
    let second = stage.start_held("one", "a", &[Moment::Polled]);
    stage.send("k", "1").await;
    assert!(second.stands(Moment::Polled).await);
    second.kill().await;
    // This one dies in the step, between the mark and the return.
    let third = stage.start_held("one", "a", &[Moment::Polled]);
    assert!(third.stands(Moment::Polled).await);
    third.strike(Door::Note, 1, StoreStrike::None);
    third.strike(Door::Note, 1, StoreStrike::Delay(20 * SECOND));
    third.release();
    assert!(stage.until(|| third.strikes_left() == 0).await);
    third.kill().await;
    assert_eq!(stage.owner().await.unwrap().stepping, Some(stage.committed().unwrap()));
    // And these are killed before they step it.
    for _ in 0..4 {
        let next = stage.start_held("one", "a", &[Moment::Polled]);
        assert!(next.stands(Moment::Polled).await);
        next.kill().await;
    }
    ends_well(&stage, &["0", "1"]).await;
}
