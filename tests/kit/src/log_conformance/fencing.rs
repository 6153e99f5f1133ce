//! Who may no longer commit, and what he is told.

use topics_log::{OffsetCommit, Remedy};

use super::Verdict;
use super::groups::together;
use super::member::{Member, transact};
use super::scene::{Scene, record, values};

/// A transactor made again under the same name ends what its predecessor left open, and the
/// predecessor is fenced; what it had sent, outputs and offsets, never shows.
pub async fn ends_and_fences_a_transactor_made_again(scene: Scene) -> Verdict {
    let (input, output) = (scene.topic("in", 1).await?, scene.topic("out", 1).await?);
    let mut member = Member::owning(&scene, "one", &input, 1).await?;
    let name = scene.name("again");
    let mut old = member.consumer.transactor(&name).await?;
    old.begin().await?;
    old.produce(vec![record(&output, 0, "old")]).await?;
    old.send_offsets(&[member.offset(&input, 0, 3, "")]).await?;
    let mut new = member.consumer.transactor(&name).await?;
    assert_eq!(member.committed(&input, 0).await?, None, "the predecessor's offset");
    let refused = old.commit().await.err();
    assert_eq!(
        refused.as_ref().map(|error| error.remedy),
        Some(Remedy::Fenced),
        "the predecessor: {refused:?}"
    );
    transact(&mut *new, vec![record(&output, 0, "new")], &[member.offset(&input, 0, 5, "")]).await?;
    assert_eq!(values(&scene.everything(&output, 1).await?), ["new"], "outputs");
    assert_eq!(member.committed(&input, 0).await?.map(|found| found.offset), Some(5), "the offset");
    Ok(())
}

/// A partition that was revoked while a transaction was open is refused as `Lost` when its offset is
/// sent; nothing of that transaction shows, and the new owner starts where commits had ended.
pub async fn refuses_a_revoked_partition_in_a_transaction(scene: Scene) -> Verdict {
    let (input, output) = (scene.topic("in", 2).await?, scene.topic("out", 1).await?);
    for partition in 0..2 {
        scene.publish(&input, partition, 0..9).await?;
    }
    let mut one = Member::owning(&scene, "one", &input, 2).await?;
    let mut transactor = one.consumer.transactor(&scene.name("one")).await?;
    transact(&mut *transactor, vec![], &[one.offset(&input, 0, 2, ""), one.offset(&input, 1, 2, "")]).await?;
    transactor.begin().await?;
    transactor.produce(vec![record(&output, 0, "stale")]).await?;
    let before = one.owned.clone();
    let mut two = Member::join(&scene, "two", &input).await?;
    together(&mut [&mut one, &mut two], |all| all[0].owned.len() == 1 && all[1].owned.len() == 1).await?;
    let at = two.only();
    let stale = OffsetCommit { assignment: before[&at].clone(), next: 9, metadata: String::new() };
    let refused = transactor.send_offsets(&[stale]).await.err();
    assert_eq!(refused.as_ref().map(|error| error.remedy), Some(Remedy::Lost), "the old owner: {refused:?}");
    transactor.abort().await?;
    let found = two.committed(&at.topic, at.partition).await?;
    assert_eq!(found.map(|committed| committed.offset), Some(2), "what the new owner finds");
    assert_eq!(scene.everything(&output, 1).await?.len(), 0, "outputs");
    Ok(())
}

/// The same without a transaction; and what the old owner kept it still commits.
pub async fn refuses_a_revoked_partition_outside_a_transaction(scene: Scene) -> Verdict {
    let input = scene.topic("in", 2).await?;
    for partition in 0..2 {
        scene.publish(&input, partition, 0..9).await?;
    }
    let mut one = Member::owning(&scene, "one", &input, 2).await?;
    let before = one.owned.clone();
    let mut two = Member::join(&scene, "two", &input).await?;
    together(&mut [&mut one, &mut two], |all| all[0].owned.len() == 1 && all[1].owned.len() == 1).await?;
    let stale = OffsetCommit { assignment: before[&two.only()].clone(), next: 4, metadata: String::new() };
    let refused = one.consumer.commit(&[stale]).await.err();
    assert_eq!(refused.as_ref().map(|error| error.remedy), Some(Remedy::Lost), "the old owner: {refused:?}");
    let kept = one.only();
    one.consumer.commit(&[one.offset(&kept.topic, kept.partition, 4, "")]).await?;
    let found = one.committed(&kept.topic, kept.partition).await?;
    assert_eq!(found.map(|committed| committed.offset), Some(4), "what it kept");
    Ok(())
}

/// Of two members with one instance name the later one counts: it gets the partitions, the earlier one
/// can commit nothing and is told `Fenced` when it polls.
pub async fn fences_a_member_whose_name_was_taken(scene: Scene) -> Verdict {
    let (input, output) = (scene.topic("in", 1).await?, scene.topic("out", 1).await?);
    let mut old = Member::owning(&scene, "one", &input, 1).await?;
    let mut transactor = old.consumer.transactor(&scene.name("old")).await?;
    let offset = old.offset(&input, 0, 9, "");
    let mut new = Member::owning(&scene, "one", &input, 1).await?;
    transactor.begin().await?;
    transactor.produce(vec![record(&output, 0, "stale")]).await?;
    let refused = transactor.send_offsets(std::slice::from_ref(&offset)).await.err();
    let remedy = refused.as_ref().map(|error| error.remedy);
    assert!(matches!(remedy, Some(Remedy::Lost | Remedy::Fenced)), "in a transaction: {refused:?}");
    let refused = old.consumer.commit(&[offset]).await.err();
    let remedy = refused.as_ref().map(|error| error.remedy);
    assert!(matches!(remedy, Some(Remedy::Lost | Remedy::Fenced)), "outside a transaction: {refused:?}");
    let told = old.until(|_| false).await.err();
    assert_eq!(told.as_ref().map(|error| error.remedy), Some(Remedy::Fenced), "when it polls: {told:?}");
    drop(transactor.abort().await);
    assert_eq!(new.committed(&input, 0).await?, None, "what the new one finds");
    assert_eq!(scene.everything(&output, 1).await?.len(), 0, "outputs");
    Ok(())
}
